"""What S3 says about a model's data: Model Monitor's last results, the baseline, and which hours were captured."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from incidents.catalogue import ModelSpec
from incidents.origin import DataObject
from tools.datasets import monitor
from tools.datasets.capture_comparison import comparison
from tools.datasets.capture_sample import newest_file, sample
from tools.datasets.captured import CapturedData
from tools.datasets.monitor import CaptureHour, CaptureWindow, FeatureStatistics, Violation, hour_floor
from tools.datasets.monitored import MonitoredData, monitored_of
from tools.datasets.reference import NoReference, ReferenceData, reference_of
from tools.datasets.runs import latest_run
from tools.datasets.window import Window, objects_of
from tools.errors import AccessDenied, BadAnswer, InvalidRequest, NotFound
from tools.sagemaker.calls import Calls
from tools.sagemaker.connection import AwsConnection, AwsCredentials, Lasting
from tools.sagemaker.objects import ObjectReader

SERVICE = "S3"
DEADLINE_S = 30.0
MAX_CAPTURED_HOURS = 24 * 7
MAX_FILES_AN_HOUR = 2_000


class DatasetReader:
    """Reads S3; its client refuses anything but Get and List. Safe to share between tasks.

    Raises from every method: `tools.errors.NotFound` (the catalogue names no place, or nothing lies there),
    `Unavailable`, `AccessDenied`, `BadAnswer` (the file is not what Model Monitor writes).
    """

    def __init__(
        self,
        *,
        region: str,
        endpoint_url: str | None = None,
        credentials: AwsCredentials | None = None,
        role: Lasting | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """`credentials`: where neither they nor a `role` to read under are given, boto3 looks where it always does."""
        connection = AwsConnection(region=region, endpoint_url=endpoint_url, credentials=credentials, role=role)
        self._objects = ObjectReader(connection)
        self._calls = Calls(SERVICE, deadline_s=deadline_s, threads=8)

    def warm_up(self) -> None:
        """Make the client ahead of its first use: that takes seconds. Blocking."""
        _ = self._objects.client

    async def violations(self, model: ModelSpec) -> list[Violation]:
        """What Model Monitor's last run found; empty where it found nothing. No run at all is `NotFound`."""
        place = _place(model.data.monitor, model, "monitor")

        def read() -> list[Violation]:
            run = latest_run(self._objects, place)
            found = run.files.get(monitor.VIOLATIONS)
            if found is None:
                # Model Monitor leaves the file out when there is nothing to tell.
                return []
            return monitor.violations(self._objects.json(found.uri), uri=found.uri, seen_at=run.at)

        return await self._calls.run("GetObject", read)

    async def statistics(self, model: ModelSpec) -> list[FeatureStatistics]:
        """The statistics of Model Monitor's last run."""
        place = _place(model.data.monitor, model, "monitor")
        return await self._calls.run("GetObject", lambda: self._statistics(place))

    async def baseline(self, model: ModelSpec) -> list[FeatureStatistics]:
        """The statistics of the training data."""
        place = _place(model.data.baseline, model, "baseline")
        return await self._calls.run("GetObject", lambda: self._statistics(place))

    async def captured(self, model: ModelSpec, window: Window, before: Window) -> CapturedData:
        """Captured requests of a window against the training data, and against those of the time before it.

        A sample where there are many (see `tools.datasets.capture_sample`), which the answer says. Where the window has
        none, the answer says when the newest was written.

        Raises:
            NotFound: nothing was ever captured of this endpoint.
        """
        place = _place(model.data.capture, model, "capture")
        if model.endpoint is None:
            raise NotFound(SERVICE, "ListObjectsV2", f"{model.name} has no endpoint whose data would be captured")
        base = f"{place}{model.endpoint.name}/{model.endpoint.variant}/"
        found, reference = await asyncio.gather(
            self._calls.run("GetObject", lambda: sample(self._objects, base, window, before)),
            self._calls.run("GetObject", lambda: self._reference(model)),
        )
        if found.newest is None:
            newest = await self._calls.run("ListObjectsV2", lambda: newest_file(self._objects, base))
            if newest is None:
                raise NotFound(SERVICE, "ListObjectsV2", f"nothing was captured below {base}")
            found = replace(found, newest=newest)
        return await self._calls.run("GetObject", lambda: comparison(found, reference, model.features, window, before))

    async def monitored(self, model: ModelSpec) -> MonitoredData | None:
        """Model Monitor's statistics of its last run beside the training data's; None where either is missing."""
        place, baseline = _place(model.data.monitor, model, "monitor"), model.data.baseline
        if baseline is None:
            return None

        def read() -> MonitoredData | None:
            run = latest_run(self._objects, place)
            current, reference = (
                run.files.get(monitor.STATISTICS),
                latest_run(self._objects, f"{baseline.rstrip('/')}/"),
            )
            known = reference.files.get(monitor.STATISTICS)
            if current is None or known is None:
                return None
            return monitored_of(
                self._objects.json(known.uri), self._objects.json(current.uri), at=run.at, uris=(known.uri, current.uri)
            )

        return await self._calls.run("GetObject", read)

    async def capture_window(self, model: ModelSpec, start: datetime, end: datetime) -> CaptureWindow:
        """Which hours between `start` and `end` were captured; at most a week.

        Data Capture writes below ``<place>/<endpoint>/<variant>/yyyy/mm/dd/hh/``.

        Raises:
            InvalidRequest: the window is longer than a week, or ends before it starts.
        """
        place = _place(model.data.capture, model, "capture")
        if model.endpoint is None:
            raise NotFound(SERVICE, "ListObjectsV2", f"{model.name} has no endpoint whose data would be captured")
        first, last = hour_floor(start), hour_floor(end)
        count = int((last - first) / timedelta(hours=1)) + 1
        if not 1 <= count <= MAX_CAPTURED_HOURS + 1:
            raise InvalidRequest(SERVICE, "ListObjectsV2", "the window must be at most a week and end after it starts")
        base = f"{place}{model.endpoint.name}/{model.endpoint.variant}/"
        hours = [first + timedelta(hours=number) for number in range(count)]
        found = await self._calls.run("ListObjectsV2", lambda: [self._hour(base, hour) for hour in hours])
        return CaptureWindow(
            start=start,
            end=end,
            hours=tuple(hour for hour in found if hour.files),
            missing=tuple(hour.hour for hour in found if not hour.files),
        )

    async def window(self, bucket: str, prefix: str, start: datetime, end: datetime) -> tuple[DataObject, ...]:
        """The objects below a prefix that belong to a window (`tools.datasets.window` says which), with tags, by key.

        Raises:
            InvalidRequest: the window is longer than a week or ends before it starts; it holds more objects than a
                quarantine takes (500), which is found out before any tag is read; or there is too much to look through.
        """
        window = Window(start, end)
        found = await self._calls.run("ListObjectsV2", lambda: objects_of(self._objects, bucket, prefix, window))
        tags = await asyncio.gather(*(self.tags(bucket, one.key) for one in found))
        return tuple(DataObject(key=one.key, etag=one.etag, tags=its) for one, its in zip(found, tags, strict=True))

    async def tags(self, bucket: str, key: str) -> dict[str, str]:
        """The tags of an object; empty where it has none."""
        return await self._calls.run("GetObjectTagging", lambda: self._objects.tags(bucket, key))

    def close(self) -> None:
        """Close connections; calls under way end by their own timeouts."""
        self._calls.close()
        self._objects.close()

    def _reference(self, model: ModelSpec) -> ReferenceData | NoReference:
        """A baseline that cannot be read leaves the requests before the window to compare with."""
        if model.data.baseline is None:
            return NoReference(("the catalogue names no training data (data.baseline)",))
        try:
            return reference_of(self._objects, _place(model.data.baseline, model, "baseline"))
        except (AccessDenied, BadAnswer, NotFound):
            return NoReference(("the training data could not be read",))

    def _statistics(self, place: str) -> list[FeatureStatistics]:
        found = latest_run(self._objects, place).files.get(monitor.STATISTICS)
        if found is None:
            raise NotFound(SERVICE, "ListObjectsV2", f"the last results below {place} have no {monitor.STATISTICS}")
        return monitor.statistics(self._objects.json(found.uri), uri=found.uri)

    def _hour(self, base: str, hour: datetime) -> CaptureHour:
        files = list(self._objects.listing(f"{base}{hour:%Y/%m/%d/%H}/", most=MAX_FILES_AN_HOUR))
        return CaptureHour(hour=hour, files=len(files), size=sum(one.size for one in files))


def _place(uri: str | None, model: ModelSpec, key: str) -> str:
    if uri is None:
        raise NotFound(SERVICE, "address", f"the catalogue names no data.{key} for {model.name}")
    return uri if uri.endswith("/") else f"{uri}/"
