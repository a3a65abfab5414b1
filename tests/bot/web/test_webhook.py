"""Alertmanager's webhook: who may call, what is taken, what is refused and named."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.bot.web.site import ALERT, CAPTURES, PAYLOAD, SECOND, TOKEN, WEBHOOK, Site, changed, served, without
from tools.incident_store.database import Database


async def test_a_payload_is_stored_before_it_is_answered_and_the_work_is_woken(site: Site) -> None:
    answer = await site.post(PAYLOAD)
    assert (answer.status, answer.json, site.rows(), len(site.woken)) == (200, {"received": 1, "stored": 1}, 1, 1)


async def test_a_payload_that_comes_again_changes_nothing(site: Site) -> None:
    await site.post(PAYLOAD)
    answer = await site.post(PAYLOAD)
    assert (answer.status, answer.json, site.rows()) == (200, {"received": 1, "stored": 0}, 1)


@pytest.mark.parametrize("token", [TOKEN, SECOND])
async def test_both_tokens_are_valid_while_they_are_rotated(site: Site, token: str) -> None:
    assert (await site.post(PAYLOAD, token)).status == 200


@pytest.mark.parametrize("token", [None, "wrong", TOKEN[:-1], f"{TOKEN} ", f"{TOKEN},{SECOND}", "tökén"])
async def test_without_a_valid_token_nothing_is_stored_and_the_refusal_is_counted(
    site: Site, token: str | None
) -> None:
    # aiohttp, like every client, drops blanks around a header's value.
    accepted = token is not None and token.strip() == TOKEN
    answer = await site.post(PAYLOAD, token)
    if accepted:
        assert answer.status == 200
        return
    assert (answer.status, answer.headers["www-authenticate"], site.rows(), site.woken) == (401, "Bearer", 0, [])
    assert await site.counted(401) == 1


@pytest.mark.parametrize("given", [f"Basic {TOKEN}", TOKEN, "Bearer", f"Token {TOKEN}"])
async def test_another_scheme_is_refused(site: Site, given: str) -> None:
    answer = await site.call("POST", WEBHOOK, json=PAYLOAD, headers={"Authorization": given})
    assert (answer.status, site.rows()) == (401, 0)


async def test_with_no_token_configured_every_alert_is_refused(tmp_path: Path, empty: bytes) -> None:
    (tmp_path / "a.sqlite").write_bytes(empty)
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    async with served(database, webhook_tokens=[]) as site:
        for token in (None, "", TOKEN):
            assert (await site.post(PAYLOAD, token)).status == 401
        assert (site.rows(), await site.counted(401)) == (0, 3)
    database.close()


async def test_a_body_without_a_token_is_not_even_read(site: Site) -> None:
    assert (await site.post(b"not json", None)).status == 401


@pytest.mark.parametrize("body", [b"", b"nope", b"{", b'{"version": "4"', b"\xff\xfe", b'"\\ud800"', b"[" * 5000])
async def test_what_is_not_json_is_refused(site: Site, body: bytes) -> None:
    answer = await site.post(body)
    assert (answer.status, answer.json["field"], site.rows()) == (400, "", 0)
    assert answer.json["detail"].startswith("body: Invalid JSON")
    assert await site.counted(400) == 1


@pytest.mark.parametrize("version", ["3", "5", 4, None, ""])
async def test_another_version_is_refused_by_name(site: Site, version: Any) -> None:
    answer = await site.post(changed(version=version))
    assert (answer.status, answer.json["field"], site.rows()) == (400, "version", 0)
    assert "'4'" in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (without("version"), "version"),
        (without("groupKey"), "groupKey"),
        (without("status"), "status"),
        (without("receiver"), "receiver"),
        (without("alerts"), "alerts"),
        (changed(alerts=[]), "alerts"),
        (changed(alerts={}), "alerts"),
        (changed(truncatedAlerts=-1), "truncatedAlerts"),
        (without("alerts", 0, "startsAt"), "alerts.0.startsAt"),
        (without("alerts", 0, "labels"), "alerts.0.labels"),
        (without("alerts", 0, "fingerprint"), "alerts.0.fingerprint"),
        (changed(alerts=[ALERT, {**ALERT, "startsAt": "yesterday"}]), "alerts.1.startsAt"),
        (changed(alerts=[{**ALERT, "startsAt": "2026-11-20T12:00:00"}]), "alerts.0.startsAt"),
        (changed(alerts=[{**ALERT, "status": "pending"}]), "alerts.0.status"),
        (changed(alerts=[{**ALERT, "labels": {"a": 1}}]), "alerts.0.labels.a"),
        ([], ""),
        ("4", ""),
        (None, ""),
    ],
)
async def test_a_missing_or_wrong_field_is_named_as_it_is_spelt_on_the_wire(site: Site, body: Any, name: str) -> None:
    answer = await site.post(body)
    assert (answer.status, answer.json["field"], site.rows()) == (422, name, 0)
    assert answer.json["detail"].startswith(name or "body")


async def test_how_many_more_fields_are_wrong_is_told(site: Site) -> None:
    assert (await site.post({})).json["detail"] == "version: Field required (and 4 more)"


async def test_a_key_of_the_callers_own_does_not_fill_the_answer(site: Site) -> None:
    answer = await site.post(changed(alerts=[{**ALERT, "labels": {"k" * 100_000: "x"}}]))
    assert answer.status == 422 and len(answer.text) < 1500


async def test_a_body_of_ten_megabytes_is_refused(site: Site) -> None:
    answer = await site.post(b" " * 10_000_000)
    assert (answer.status, site.rows()) == (413, 0)
    assert "8,000,000 bytes" in answer.json["detail"]
    assert await site.counted(413) == 1


async def test_a_large_body_that_does_not_tell_its_length_is_refused_as_well(site: Site) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    answer = await site.call("POST", WEBHOOK, data=pieces(), headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status, site.rows(), await site.counted(413)) == (413, 0, 1)


async def test_one_large_text_is_accepted(site: Site) -> None:
    long = {**ALERT, "annotations": {"summary": "<!channel> \u202e" + "x" * 100_000}}
    assert (await site.post(changed(alerts=[long]))).status == 200


@pytest.mark.parametrize("body", CAPTURES.values(), ids=CAPTURES.keys())
async def test_everything_that_alertmanager_sent_is_accepted(site: Site, body: dict[str, Any]) -> None:
    answer = await site.post(body)
    assert answer.status == 200
    assert answer.json["received"] == len(body["alerts"]) == site.rows()


async def test_a_mistake_of_ours_is_counted_and_tells_the_caller_nothing(site: Site) -> None:
    def broken() -> None:
        raise ValueError("inner words")

    async with served(site.database, wake=broken) as other:
        answer = await other.post(PAYLOAD)
        assert (answer.status, answer.json) == (500, {"detail": "something went wrong here; send again", "field": ""})
        assert await other.counted(500) == 1
