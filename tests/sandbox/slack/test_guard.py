"""Only this machine, with the token, may use the page and the control routes."""

from typing import Any

import aiohttp
import pytest
from yarl import URL

from sandbox.slack.server import SlackServer


async def ask(session: aiohttp.ClientSession, url: str, **headers: str) -> tuple[int, Any]:
    async with session.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()}) as response:
        return response.status, (await response.json())["error"] if response.status >= 400 else None


@pytest.mark.parametrize("path", ["/_sandbox/state", "/_sandbox/nothing", "/", "/assets/app.js"])
async def test_without_the_token_nothing_is_told(
    session: aiohttp.ClientSession, server: SlackServer, path: str
) -> None:
    assert await ask(session, server.url + path) == (401, "unauthorized")
    assert await ask(session, server.url + path, Authorization="Bearer guess") == (401, "unauthorized")
    assert await ask(session, f"{server.url}/_sandbox/state?token={server.token}") == (401, "unauthorized")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "10.0.0.1"])
async def test_another_host_header_is_refused(session: aiohttp.ClientSession, server: SlackServer, host: str) -> None:
    bearer = f"Bearer {server.token}"
    url = f"{server.url}/_sandbox/state"
    assert await ask(session, url, Authorization=bearer, Host=host) == (403, "forbidden_host")


async def test_another_origin_is_refused(session: aiohttp.ClientSession, server: SlackServer) -> None:
    bearer, url = f"Bearer {server.token}", f"{server.url}/_sandbox/state"
    assert await ask(session, url, Authorization=bearer, Origin="http://evil.example") == (403, "forbidden_origin")
    assert await ask(session, url, Authorization=bearer, Origin="null") == (403, "forbidden_origin")
    assert await ask(session, url, Authorization=bearer, Origin=server.url) == (200, None)


async def test_opening_the_page_with_the_token_sets_a_cookie(server: SlackServer) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as browser:
        async with browser.get(f"{server.url}/?token={server.token}", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, "/")
            cookie = response.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
        async with browser.get(f"{server.url}/_sandbox/state") as response:
            assert response.status == 200


async def test_the_wrong_token_sets_no_cookie(session: aiohttp.ClientSession, server: SlackServer) -> None:
    async with session.get(f"{server.url}/?token=guess", allow_redirects=False) as response:
        assert response.status == 401
        assert "Set-Cookie" not in response.headers


async def test_a_wrong_token_does_not_sign_a_person_out(server: SlackServer) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as browser:
        for token in (server.token, "guess"):
            async with browser.get(f"{server.url}/?token={token}", allow_redirects=False):
                pass
        async with browser.get(f"{server.url}/_sandbox/state") as response:
            assert response.status == 200


async def test_guarded_answers_carry_a_strict_policy(session: aiohttp.ClientSession, server: SlackServer) -> None:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with session.get(f"{server.url}/_sandbox/state", headers=headers) as response:
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_s_folder_cannot_be_left(session: aiohttp.ClientSession, server: SlackServer) -> None:
    headers = {"Authorization": f"Bearer {server.token}"}
    for path in ("/assets/%2e%2e/server.py", "/assets/..%2fserver.py", "/assets//etc/hostname"):
        url = URL(server.url + path, encoded=True)
        async with session.get(url, headers=headers) as response:
            assert response.status == 404


async def test_the_web_api_needs_its_own_token_not_the_page_s(
    session: aiohttp.ClientSession, server: SlackServer
) -> None:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with session.post(f"{server.url}/api/auth.test", headers=headers) as response:
        assert (await response.json())["error"] == "invalid_auth"


async def test_the_state_lists_people_channels_and_commands(hand: Any) -> None:
    state = await hand.get("state")
    personas = {persona["id"]: persona for persona in state["personas"]}
    assert personas["UONCALL"]["groups"] == ["ml-oncall"]
    assert personas["USTRANGER"]["is_stranger"] is True
    assert personas["UGUEST"]["is_restricted"] is True
    assert {channel["id"]: channel["bot_is_member"] for channel in state["channels"]} == {
        "CINCIDENTS": True,
        "CGENERAL": False,
        "CPLATFORM": True,
    }
    assert state["commands"][0]["command"] == "/agentops"
