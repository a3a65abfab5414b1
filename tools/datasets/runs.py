"""Finds the last run of Model Monitor below an address, without listing years of them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from tools.datasets.monitor import RESULTS
from tools.errors import InvalidRequest, NotFound
from tools.sagemaker.objects import ObjectReader, StoredObject

MAX_FOLDERS = 200
"""Looked into. One schedule takes about six: its name, year, month, day, hour."""

_HOUR = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/(\d{2})/")


@dataclass(frozen=True)
class Run:
    """The files of one run, by name, and its hour: that in the path, else when the newest file was written."""

    at: datetime
    files: dict[str, StoredObject]


def latest_run(objects: ObjectReader, place: str) -> Run:
    """The newest run below an address that ends with a slash.

    Model Monitor writes below ``<endpoint>/<schedule>/yyyy/mm/dd/hh/``. Of folders with numbers for names only the
    greatest that holds a run is looked into; of others, all.

    Raises:
        NotFound: there is none.
        InvalidRequest: there are too many folders.
    """
    search = _Search(objects)
    runs = search.below(place)
    if not runs:
        raise NotFound("S3", "ListObjectsV2", f"no results of Model Monitor below {place}")
    return max(runs, key=lambda run: run.at)


class _Search:
    def __init__(self, objects: ObjectReader) -> None:
        self._objects = objects
        self._left = MAX_FOLDERS

    def below(self, place: str) -> list[Run]:
        self._left -= 1
        if self._left < 0:
            raise InvalidRequest(
                "S3", "ListObjectsV2", f"more than {MAX_FOLDERS} folders; point data.monitor at one schedule"
            )
        level = self._objects.level(place)
        files = {one.key.rsplit("/", 1)[-1]: one for one in level.objects}
        results = {name: one for name, one in files.items() if name in RESULTS}
        runs = [Run(_hour(place, results), results)] if results else []
        dated = sorted((one for one in level.folders if _name(one).isdigit()), key=_name, reverse=True)
        for folder in level.folders:
            if folder not in dated:
                runs += self.below(folder)
        for folder in dated:
            found = self.below(folder)
            if found:
                return runs + found
        return runs


def _name(folder: str) -> str:
    return folder.rstrip("/").rsplit("/", 1)[-1]


def _hour(place: str, files: dict[str, StoredObject]) -> datetime:
    dated = _HOUR.search(place)
    if dated is not None:
        try:
            year, month, day, hour = (int(part) for part in dated.groups())
            return datetime(year, month, day, hour, tzinfo=UTC)
        except ValueError:
            pass
    return max(one.modified for one in files.values())
