"""Whether the token reaches the repository of each model: its issues, and its history."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from agents.sources import HistoryReads
from bot.check.finding import Finding
from incidents.catalogue import Catalogue, ModelSpec
from tools.errors import AccessDenied, NotFound, UpstreamError
from tools.github.repositories import RepositoryReader

LOOKED_BACK = timedelta(hours=1)


async def examine_issues(reader: RepositoryReader | None, catalogue: Catalogue) -> AsyncIterator[Finding]:
    """Does the token reach the repository of each model?"""
    named = [(model, model.repository) for model in catalogue.models.values() if model.repository is not None]
    if reader is None:
        if named:
            yield Finding("note", "GitHub", "no AGENTOPS_GITHUB_TOKEN, so no issues are opened")
        return
    if not named:
        yield Finding("note", "GitHub", "models.yaml names no repository, so no issues are opened")
    try:
        for model, repository in named:
            finding = await _issues(reader, model, repository)
            yield finding
            if finding.subject == "GitHub":
                return
    finally:
        await reader.close()


async def _issues(reader: RepositoryReader, model: ModelSpec, repository: str) -> Finding:
    subject = f"issues of {model.name}"
    try:
        problem = await reader.problem(repository)
    except (AccessDenied, NotFound) as error:
        text = f"{repository}: {error.detail}; the token needs issues: read and write there"
        return Finding("wrong", subject, text)
    except UpstreamError as error:
        text = f"it does not answer as it should: {error.detail}; look at AGENTOPS_GITHUB_URL"
        return Finding("wrong", "GitHub", text)
    if problem is not None:
        return Finding("wrong", subject, f"{repository}: {problem}")
    return Finding("right", subject, f"the token reaches {repository}")


async def examine_history(history: HistoryReads | None, catalogue: Catalogue) -> AsyncIterator[Finding]:
    """Commits and releases: a finding for the repository of each model."""
    named = [(model.name, model.repository) for model in catalogue.models.values() if model.repository]
    if history is None or not named:
        return
    now = datetime.now(UTC)
    for model, repository in named:
        subject = f"commits of {model}"
        try:
            await history.history(repository, now - LOOKED_BACK, now)
        except (AccessDenied, NotFound) as error:
            needs = "commits and releases are no evidence; the token needs contents: read there"
            yield Finding("note", subject, f"{repository}: {error.detail}; {needs}")
        except UpstreamError as error:
            yield Finding("note", "GitHub", f"commits and releases cannot be read: {error.detail}")
            return
        else:
            yield Finding("right", subject, f"commits and releases of {repository} can be read")
