"""What was merged and released in a repository, as far as it is told. Messages and names are untrusted."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Commit:
    """A commit on the default branch.

    Attributes:
        at: when it was put there, by the committer's clock.
        login: whose account wrote it; empty where GitHub knows none. Names and addresses are not kept.
    """

    sha: str
    at: datetime
    message: str
    login: str
    url: str


@dataclass(frozen=True)
class Release:
    """A published release. `compare_url` shows what came in since the release before it; empty without one."""

    tag: str
    at: datetime
    name: str
    login: str
    url: str
    compare_url: str = ""


@dataclass(frozen=True)
class History:
    """Newest first. `whole` is False where there were more than could be read."""

    commits: tuple[Commit, ...]
    releases: tuple[Release, ...]
    whole: bool = True
