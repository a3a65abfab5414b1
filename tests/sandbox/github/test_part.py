"""The local GitHub: what it refuses, how it pages, what its faults do."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from sandbox.github.part import GitHubPart
from sandbox.parts import UnknownFault
from tests.sandbox.github.listening import listening_github

NAME = "example-ml/churn-predictor"


@dataclass
class Local:
    part: GitHubPart
    session: aiohttp.ClientSession
    url: str

    async def ask(self, method: str, path: str, **given: Any) -> tuple[int, Any, Any]:
        token = given.pop("token", self.part.github.token)
        headers = {"authorization": f"Bearer {token}", **given.pop("headers", {})}
        async with self.session.request(method, f"{self.url}{path}", headers=headers, **given) as response:
            return response.status, await response.json(), response.headers


@pytest.fixture
async def local() -> AsyncIterator[Local]:
    async with listening_github(NAME) as part:
        url = part.ready_fields()["github_url"]
        assert url is not None and url.endswith("/github")
        async with aiohttp.ClientSession() as session:
            yield Local(part, session, url)


async def test_an_issue_is_opened_commented_on_closed_and_listed_for_the_page(local: Local) -> None:
    new = {"title": "Nulls", "body": "b", "labels": ["agentops"]}
    status, issue, headers = await local.ask("POST", f"/repos/{NAME}/issues", json=new)
    assert (status, issue["number"], issue["state"]) == (201, 1, "open") and headers["x-ratelimit-limit"] == "5000"
    status, _, _ = await local.ask("POST", f"/repos/{NAME}/issues/1/comments", json={"body": "news"})
    assert status == 201
    status, issue, _ = await local.ask("PATCH", f"/repos/{NAME}/issues/1", json={"state": "closed"})
    assert (status, issue["state"], issue["comments"]) == (200, "closed", 1)
    (listed,) = local.part.github.listed()
    assert listed["repository"] == NAME and listed["comments"][0]["body"] == "news"
    assert local.part.state_fields() == {"github": {"issues": 1}}


async def test_the_list_is_open_issues_newest_first_by_label_and_in_pages(local: Local) -> None:
    repository = local.part.github.repositories[NAME]
    for n in range(5):
        repository.open(f"t{n}", "", ["agentops"] if n % 2 == 0 else [])
    repository.issue(1).state = "closed"
    _, found, _ = await local.ask("GET", f"/repos/{NAME}/issues", params={"labels": "agentops"})
    assert [one["number"] for one in found] == [5, 3]
    query = {"state": "all", "per_page": "2", "page": "1"}
    _, found, headers = await local.ask("GET", f"/repos/{NAME}/issues", params=query)
    assert [one["number"] for one in found] == [5, 4] and 'rel="next"' in headers["Link"]
    _, found, headers = await local.ask("GET", f"/repos/{NAME}/issues", params={**query, "page": "3"})
    assert [one["number"] for one in found] == [1] and "Link" not in headers


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/repos/example-ml/nowhere", None, 404),
        ("GET", f"/repos/{NAME}/pulls", None, 404),
        ("GET", "/user", None, 404),
        ("GET", f"/repos/{NAME}/issues/7", None, 404),
        ("GET", f"/repos/{NAME}/issues/seven", None, 404),
        ("DELETE", f"/repos/{NAME}/issues", None, 404),
        ("POST", f"/repos/{NAME}/issues", {"body": "no title"}, 422),
        ("POST", f"/repos/{NAME}/issues", {"title": "t", "body": "x" * 80_000}, 422),
        ("POST", f"/repos/{NAME}/issues", ["no object"], 400),
    ],
)
async def test_what_github_refuses_is_refused(local: Local, method: str, path: str, body: Any, status: int) -> None:
    answered, told, _ = await local.ask(method, path, **({} if body is None else {"json": body}))
    assert answered == status and told["message"]


async def test_a_wrong_token_and_an_unknown_version_are_refused(local: Local) -> None:
    assert (await local.ask("GET", f"/repos/{NAME}", token="wrong"))[0] == 401
    assert (await local.ask("GET", f"/repos/{NAME}", headers={"x-github-api-version": "1999-01-01"}))[0] == 400


async def test_faults_meet_what_they_match_and_end(local: Local) -> None:
    local.part.add_fault("unavailable", 1, None, "POST")
    assert (await local.ask("GET", f"/repos/{NAME}"))[0] == 200
    new = {"title": "t"}
    assert (await local.ask("POST", f"/repos/{NAME}/issues", json=new))[0] == 502
    local.part.add_fault("lost_answer", 1, None, None)
    with pytest.raises(aiohttp.ClientError):
        await local.ask("POST", f"/repos/{NAME}/issues", json=new)
    assert len(local.part.github.listed()) == 1
    local.part.add_fault("down", None, 60, None)
    assert local.part.faults()[0]["kind"] == "down"
    local.part.clear_faults()
    assert (await local.ask("GET", f"/repos/{NAME}"))[0] == 200
    with pytest.raises(UnknownFault):
        local.part.add_fault("earthquake", None, None, None)
