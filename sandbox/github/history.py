"""Commits and releases of a repository, as GitHub shows them."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Commit:
    """A commit on the default branch. `login`: None where GitHub knows no account of its author."""

    repository: str
    at: datetime
    message: str
    login: str | None = "ml-dev"

    @property
    def sha(self) -> str:
        """As Git would make one: from what is in it."""
        told = f"{self.repository}\0{self.at.isoformat()}\0{self.message}"
        return hashlib.sha1(told.encode(), usedforsecurity=False).hexdigest()

    def as_json(self, base_url: str) -> dict[str, Any]:
        """As the API shows it: with name and address of who wrote it."""
        who = {"name": "Somebody Real", "email": "somebody@example.com", "date": _stamp(self.at)}
        return {
            "sha": self.sha,
            "html_url": f"{base_url}/{self.repository}/commit/{self.sha}",
            "commit": {"message": self.message, "author": who, "committer": who},
            "author": None if self.login is None else {"login": self.login},
            "parents": [],
        }


@dataclass(frozen=True)
class Release:
    """A release; a draft is not published."""

    repository: str
    at: datetime
    tag: str
    name: str = ""
    login: str = "ml-dev"
    draft: bool = False

    def as_json(self, base_url: str) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "tag_name": self.tag,
            "html_url": f"{base_url}/{self.repository}/releases/tag/{self.tag}",
            "name": self.name or None,
            "draft": self.draft,
            "prerelease": False,
            "created_at": _stamp(self.at),
            "published_at": None if self.draft else _stamp(self.at),
            "author": {"login": self.login},
            "body": "",
        }


def between(commits: list[Commit], since: str | None, until: str | None) -> list[Commit]:
    """Newest first; both bounds as ISO 8601, or None. Raises `ValueError`."""
    begin = datetime.fromisoformat(since) if since else datetime.min.replace(tzinfo=UTC)
    end = datetime.fromisoformat(until) if until else datetime.max.replace(tzinfo=UTC)
    return sorted((one for one in commits if begin <= one.at <= end), key=lambda one: one.at, reverse=True)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
