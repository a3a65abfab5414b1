"""What GitHub would have told in a case: commits and releases."""

import hashlib
from datetime import datetime

from incidents.catalogue import ModelSpec
from tools.case_files.case_file import CaseFile
from tools.github.history import Commit, History, Release


class RecordedHistory:
    """The commits and releases of a case."""

    def __init__(self, case: CaseFile, model: ModelSpec) -> None:
        """Nothing is read before it is asked."""
        self._case = case

    async def history(self, repository: str, since: datetime, until: datetime) -> History:
        """What lies in the window, newest first."""
        place = f"https://github.example/{repository}"
        commits = [
            Commit(sha=sha, at=one.at, message=one.message, login=one.login, url=f"{place}/commit/{sha}")
            for one in self._case.commits
            if since <= one.at <= until
            for sha in [one.sha or hashlib.sha1(one.message.encode(), usedforsecurity=False).hexdigest()]
        ]
        releases = [
            Release(tag=one.tag, at=one.at, name=one.name, login=one.login, url=f"{place}/releases/tag/{one.tag}")
            for one in self._case.releases
            if since <= one.at <= until
        ]
        return History(
            tuple(sorted(commits, key=lambda one: one.at, reverse=True)),
            tuple(sorted(releases, key=lambda one: one.at, reverse=True)),
        )
