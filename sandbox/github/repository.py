"""Repositories with their issues, comments and history, as GitHub shows them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.github.history import Commit, Release

BOT = "agentops-bot"
"""Whose token it is."""


@dataclass
class Comment:
    """A comment of an issue."""

    id: int
    author: str
    body: str

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {"id": self.id, "user": {"login": self.author}, "body": self.body}


@dataclass
class Issue:
    """An issue. A `gone` one was deleted; a `pull_request` is listed among issues, as GitHub does."""

    repository: str
    number: int
    author: str
    title: str
    body: str
    labels: list[str]
    state: str = "open"
    state_reason: str | None = None
    gone: bool = False
    pull_request: bool = False
    comments: list[Comment] = field(default_factory=list[Comment])
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def as_json(self, base_url: str) -> dict[str, Any]:
        """As the API shows it."""
        shown: dict[str, Any] = {
            "number": self.number,
            "html_url": f"{base_url}/{self.repository}/issues/{self.number}",
            "user": {"login": self.author},
            "title": self.title,
            "body": self.body,
            "labels": [{"name": name} for name in self.labels],
            "state": self.state,
            "state_reason": self.state_reason,
            "comments": len(self.comments),
            "created_at": self.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return shown | ({"pull_request": {"url": shown["html_url"]}} if self.pull_request else {})


@dataclass
class Repository:
    """A repository. `writable`: the token may write its issues; `labels`: its account may set labels."""

    name: str
    has_issues: bool = True
    archived: bool = False
    writable: bool = True
    labels: bool = True
    issues: list[Issue] = field(default_factory=list[Issue])
    commits: list[Commit] = field(default_factory=list[Commit])
    releases: list[Release] = field(default_factory=list[Release])

    def open(self, title: str, body: str, labels: list[str], author: str = BOT, *, pull_request: bool = False) -> Issue:
        """A new issue."""
        kept = labels if self.labels or author != BOT else []
        number = len(self.issues) + 1
        self.issues.append(Issue(self.name, number, author, title, body, kept, pull_request=pull_request))
        return self.issues[-1]

    def comment(self, number: int, body: str, author: str = BOT) -> Comment:
        """A new comment."""
        made = Comment(1 + sum(len(one.comments) for one in self.issues), author, body)
        self.issue(number).comments.append(made)
        return made

    def issue(self, number: int) -> Issue:
        """By its number. Raises `LookupError`."""
        found = next((one for one in self.issues if one.number == number), None)
        if found is None:
            raise LookupError(number)
        return found

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        may = {"admin": False, "push": self.labels, "triage": self.labels, "pull": True}
        return {
            "full_name": self.name,
            "has_issues": self.has_issues,
            "archived": self.archived,
            "permissions": may,
        }
