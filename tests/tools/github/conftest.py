"""The local GitHub, listening, and clients that reach it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from sandbox.github.api import LocalGitHub
from sandbox.github.part import GitHubPart
from sandbox.github.repository import Repository
from tests.sandbox.github.listening import listening_github
from tools.github.operator import GitHubOperator

REPOSITORY = "example-ml/churn-predictor"


@dataclass
class Local:
    """GitHub with one repository."""

    part: GitHubPart
    new_operator: Callable[..., GitHubOperator]

    @property
    def github(self) -> LocalGitHub:
        return self.part.github

    @property
    def repository(self) -> Repository:
        return self.github.repositories[REPOSITORY]

    @property
    def operator(self) -> GitHubOperator:
        return self.new_operator()

    def asked(self, method: str) -> list[str]:
        return [one for one in self.github.requests if one.startswith(method)]


@pytest.fixture
async def local() -> AsyncIterator[Local]:
    async with listening_github(REPOSITORY) as part:
        made: list[GitHubOperator] = []

        def new_operator(token: str | None = None, url: str | None = None) -> GitHubOperator:
            made.append(GitHubOperator(token or part.github.token, url or part.github.base_url))
            return made[-1]

        yield Local(part, new_operator)
        for one in made:
            await one.close()
