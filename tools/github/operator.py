"""GitHub, changed: opens an incident's issue, comments on it and closes it, each once.

GitHub knows no idempotency token, so everything sent carries a marker, a hidden comment of Markdown, and is looked for
before it is sent. What carries our marker but is not ours (no label of ours, another author) does not count.
"""

from typing import Any

from incidents.effect import ApiRequest
from tools.errors import InvalidRequest
from tools.github.answers import Comment, Issue
from tools.github.errors import SERVICE
from tools.github.session import GitHubSession

CREATE = "CreateIssue"
PER_PAGE = 100
"""The most that GitHub lists at once."""
PAGES = 3
"""Pages looked through for a marker, newest first: what a crash left without an answer is minutes old."""


class GitHubOperator:
    """Sends changing calls. One attempt each; a repeat of the whole method finds what an earlier one did."""

    def __init__(self, token: str, url: str) -> None:
        """Nothing is connected yet."""
        self._session = GitHubSession(token, url)

    async def send(self, request: ApiRequest) -> dict[str, str]:
        """Open the issue that a remediation's spec describes, or find the one that was opened before.

        Answers its ``number`` and ``url``.

        Raises:
            InvalidRequest: no spec declares this operation, or GitHub refused it.
            Unavailable: no answer came. It may have been opened: send the same again.
            Throttled, AccessDenied, NotFound, BadAnswer: as GitHub says.
        """
        if request.service != "github" or request.operation != CREATE:
            raise InvalidRequest(SERVICE, request.operation, "no remediation declares this operation; nothing was sent")
        asked = request.parameters
        repository, labels, marker = str(asked["repository"]), list[str](asked["labels"]), str(asked["marker"])
        issue = await self._issue_with(repository, labels[0], marker)
        if issue is None:
            body: dict[str, Any] = {"title": asked["title"], "body": asked["body"], "labels": labels}
            issue = await self._session.call(CREATE, "POST", f"/repos/{repository}/issues", Issue, body=body)
        return {"number": str(issue.number), "url": issue.html_url}

    async def comment(self, repository: str, number: int, body: str, marker: str) -> str:
        """Comment, unless a comment of ours with this marker stands there; answers the text that stands there now.

        Raises as `send` does; `Gone` where the issue was deleted.
        """
        return await self._comment(await self._issue(repository, number), repository, body, marker)

    async def standing(self, repository: str, number: int, marker: str) -> str | None:
        """The text of our comment with this marker, where one stands there. Changes nothing; raises as `send` does."""
        return await self._comment_with(await self._issue(repository, number), repository, marker)

    async def close_issue(self, repository: str, number: int, body: str, marker: str) -> str:
        """Comment as `comment` does, then close the issue, unless it is closed. Raises as `send` does."""
        issue = await self._issue(repository, number)
        stands = await self._comment(issue, repository, body, marker)
        if issue.state != "closed":
            change = {"state": "closed", "state_reason": "completed"}
            await self._session.call("CloseIssue", "PATCH", _at(repository, number), Issue, body=change)
        return stands

    async def close(self) -> None:
        """Give the connections back."""
        await self._session.close()

    async def _issue(self, repository: str, number: int) -> Issue:
        return await self._session.call("GetIssue", "GET", _at(repository, number), Issue)

    async def _issue_with(self, repository: str, label: str, marker: str) -> Issue | None:
        for page in range(1, PAGES + 1):
            query: dict[str, str | int] = {
                "labels": label,
                "state": "all",
                "sort": "created",
                "direction": "desc",
                "per_page": PER_PAGE,
                "page": page,
            }
            found = await self._session.call(
                "ListIssues", "GET", f"/repos/{repository}/issues", list[Issue], query=query
            )
            for issue in found:
                if issue.pull_request is None and marker in (issue.body or ""):
                    return issue
            if len(found) < PER_PAGE:
                return None
        return None

    async def _comment(self, issue: Issue, repository: str, body: str, marker: str) -> str:
        if marker not in body:
            raise InvalidRequest(SERVICE, "CreateComment", "it does not carry its marker; nothing was sent")
        stands = await self._comment_with(issue, repository, marker)
        if stands is not None:
            return stands
        path = f"{_at(repository, issue.number)}/comments"
        sent = await self._session.call("CreateComment", "POST", path, Comment, body={"body": body})
        return sent.body or body

    async def _comment_with(self, issue: Issue, repository: str, marker: str) -> str | None:
        """The newest comments first. Only the issue's author counts: anybody may write our marker."""
        path = f"{_at(repository, issue.number)}/comments"
        last = max(1, -(-issue.comments // PER_PAGE))
        for page in range(last, max(0, last - PAGES), -1):
            query: dict[str, str | int] = {"per_page": PER_PAGE, "page": page}
            for comment in await self._session.call("ListComments", "GET", path, list[Comment], query=query):
                if comment.user == issue.user and marker in (comment.body or ""):
                    return comment.body
        return None


def _at(repository: str, number: int) -> str:
    return f"/repos/{repository}/issues/{number}"
