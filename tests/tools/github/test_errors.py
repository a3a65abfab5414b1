"""Every way GitHub says no, as one of our errors."""

import httpx
import pytest

from tools.errors import AccessDenied, BadAnswer, InvalidRequest, NotFound, Throttled, Unavailable, UpstreamError
from tools.github.answers import Issue
from tools.github.errors import SECONDARY_WAIT_S, Gone, refused, retry_after, unanswered
from tools.github.session import GitHubSession


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, NotFound),
        (301, NotFound),
        (307, NotFound),
        (408, Unavailable),
        (409, InvalidRequest),
        (410, Gone),
        (418, BadAnswer),
        (422, InvalidRequest),
        (429, Throttled),
        (451, AccessDenied),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[UpstreamError]) -> None:
    error = refused("CreateIssue", status, {}, '{"message": "so it is"}')
    assert type(error) is kind
    assert "so it is" in error.detail and (error.service, error.operation) == ("GitHub", "CreateIssue")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"retry-after": "7"}, "{}"),
        ({"x-ratelimit-remaining": "0"}, "{}"),
        ({}, '{"message": "You have exceeded a secondary rate limit"}'),
    ],
)
def test_a_403_that_asks_to_slow_down_is_no_refusal(headers: dict[str, str], body: str) -> None:
    assert isinstance(refused("CreateIssue", 403, headers, body), Throttled)


def test_the_wait_is_what_github_says_by_its_own_clock() -> None:
    date = {"date": "Fri, 20 Nov 2026 12:00:00 GMT", "x-ratelimit-remaining": "0"}
    assert retry_after({"retry-after": "12", **date}) == 12
    assert retry_after({**date, "x-ratelimit-reset": "1795176060"}) == 60
    assert retry_after({**date, "x-ratelimit-reset": "1"}) == 1
    assert retry_after({**date, "x-ratelimit-remaining": "9", "x-ratelimit-reset": "1795176060"}) == SECONDARY_WAIT_S
    assert retry_after({"retry-after": "soon"}) == SECONDARY_WAIT_S
    assert retry_after({"date": "garbage", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "5"}) == SECONDARY_WAIT_S


def test_a_page_in_place_of_json_is_cut() -> None:
    assert len(refused("GetIssue", 502, {}, "<html>" * 5_000).detail) <= 500


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), Unavailable),
        (httpx.ConnectTimeout("slow"), Unavailable),
        (httpx.ReadTimeout("slow"), Unavailable),
        (httpx.RemoteProtocolError("cut"), Unavailable),
        (TimeoutError(), Unavailable),
        (httpx.DecodingError("gzip"), BadAnswer),
        (httpx.UnsupportedProtocol("ftp"), InvalidRequest),
        (httpx.InvalidURL("x"), InvalidRequest),
    ],
)
def test_what_never_came_back_is_one_of_ours(
    error: httpx.HTTPError | httpx.InvalidURL | TimeoutError, kind: type[UpstreamError]
) -> None:
    assert type(unanswered("GetIssue", error)) is kind


@pytest.mark.parametrize("content", [b"<html>", b"{}", b"[]", b'{"number": "x"}'])
async def test_an_answer_of_another_shape_is_a_bad_answer(content: bytes) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=content))
    session = GitHubSession("github_pat_x", "http://127.0.0.1:9", transport)
    with pytest.raises(BadAnswer):
        await session.call("GetIssue", "GET", "/repos/a/b/issues/1", Issue)
    await session.close()
