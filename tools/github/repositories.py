"""Whether issues can be kept in a repository. Reads only."""

from tools.github.answers import Issue, Repository
from tools.github.session import GitHubSession


class RepositoryReader:
    """Looks at repositories. One call at a time; close it when done."""

    def __init__(self, token: str, url: str) -> None:
        """Nothing is connected yet."""
        self._session = GitHubSession(token, url)

    async def problem(self, repository: str) -> str | None:
        """What stands against keeping issues there, in plain words; None where nothing is seen.

        Whether the token may also write cannot be read without writing.

        Raises `UpstreamError`: `NotFound` where it is not there or the token does not cover it.
        """
        found = await self._session.call("GetRepository", "GET", f"/repos/{repository}", Repository)
        if found.archived:
            return "it is archived, so nothing can be written there"
        if not found.has_issues:
            return "issues are switched off in its settings"
        # Asked for as well, since metadata is readable to tokens that may not see issues.
        await self._session.call(
            "ListIssues", "GET", f"/repos/{repository}/issues", list[Issue], query={"per_page": 1, "state": "all"}
        )
        if found.permissions is not None and not (found.permissions.push or found.permissions.triage):
            return "the token's account may not set labels, by which issues are found again; give it the triage role"
        return None

    async def close(self) -> None:
        """Give the connections back."""
        await self._session.close()
