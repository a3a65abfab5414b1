"""A real Bolt app over real sockets: events, acks, retries, several connections, lost connections."""

import asyncio
import json
from typing import Any

import aiohttp

from sandbox.slack.server import SlackServer

Json = dict[str, Any]


def listen_to_mentions(app: Any) -> list[Json]:
    """Collects the bodies of mentions; message events are acked and let go."""
    heard: list[Json] = []

    @app.event("app_mention")
    async def mentioned(body: Json) -> None:
        heard.append(body)

    @app.event("message")
    async def said(body: Json) -> None:
        pass

    return heard


async def open_socket(client: Any, server: SlackServer, session: aiohttp.ClientSession) -> Any:
    opened = await client.apps_connections_open(app_token=server.workspace.credentials.app_token)
    socket = await session.ws_connect(opened["url"])
    hello = await socket.receive_json()
    assert hello["type"] == "hello"
    return socket


async def open_two(client: Any, server: SlackServer, session: aiohttp.ClientSession) -> list[Any]:
    return [await open_socket(client, server, session) for _ in range(2)]


async def test_a_mention_reaches_the_app_once(app: Any, connect: Any, hand: Any) -> None:
    heard = listen_to_mentions(app)
    await connect(app)
    said = await hand.post("slack/messages", persona="UVIEWER", channel="CINCIDENTS", text="@agentops why & <how>?")

    async def arrived() -> list[Json]:
        return heard

    (body,) = await hand.eventually(arrived)
    event = body["event"]
    assert (event["user"], event["channel"], event["ts"]) == ("UVIEWER", "CINCIDENTS", said["ts"])
    assert event["text"] == "<@UAGENTOPS> why &amp; &lt;how&gt;?"
    assert body["event_id"].startswith("Ev")
    assert (body["team_id"], body["api_app_id"]) == ("TSANDBOX", "AAGENTOPS")


async def test_the_app_is_not_told_of_channels_it_is_not_in(app: Any, connect: Any, hand: Any) -> None:
    listen_to_mentions(app)
    await connect(app)
    await hand.post("slack/messages", persona="UVIEWER", channel="CGENERAL", text="@agentops hello")
    assert (await hand.get("slack/deliveries"))["deliveries"] == []


async def test_a_mention_by_a_person_of_another_company_tells_so(app: Any, connect: Any, hand: Any) -> None:
    heard = listen_to_mentions(app)
    await connect(app)
    await hand.post("slack/messages", persona="USTRANGER", channel="CINCIDENTS", text="@agentops status")

    async def arrived() -> list[Json]:
        return heard

    (body,) = await hand.eventually(arrived)
    assert (body["event"]["user_team"], body["event"]["team"]) == ("TOTHER", "TOTHER")
    assert body["is_ext_shared_channel"] is True


async def test_direct_messages_come_as_message_events(app: Any, connect: Any, hand: Any) -> None:
    heard: list[Json] = []

    @app.event("message")
    async def said(event: Json) -> None:
        heard.append(event)

    await connect(app)
    await hand.post("slack/messages", persona="UONCALL", channel="DONCALL", text="hello")

    async def arrived() -> list[Json]:
        return heard

    (event,) = await hand.eventually(arrived)
    assert (event["channel_type"], event["channel"]) == ("im", "DONCALL")


async def test_an_event_that_is_not_acked_is_sent_again(
    client: Any, server: SlackServer, session: aiohttp.ClientSession, hand: Any
) -> None:
    socket = await open_socket(client, server, session)
    await hand.post("slack/messages", persona="UONCALL", channel="CPLATFORM", text="plain")
    first, second, third = [await socket.receive_json(timeout=3) for _ in range(3)]
    await socket.send_json({"envelope_id": third["envelope_id"]})
    assert first["payload"]["event_id"] == second["payload"]["event_id"] == third["payload"]["event_id"]
    assert [e["retry_attempt"] for e in (first, second, third)] == [0, 1, 2]
    assert [e["retry_reason"] for e in (first, second, third)] == ["", "timeout", "timeout"]
    await server.workspace.courier.settle()
    deliveries = (await hand.get("slack/deliveries"))["deliveries"]
    assert [delivery["error"] for delivery in deliveries] == ["operation_timeout", "operation_timeout", None]
    await socket.close()


async def test_each_payload_goes_to_one_connection_in_turn(
    client: Any, server: SlackServer, session: aiohttp.ClientSession, hand: Any
) -> None:
    sockets = await open_two(client, server, session)
    for number in range(4):
        await hand.post("slack/messages", persona="UONCALL", channel="CPLATFORM", text=str(number))
    heard: list[list[str]] = []
    for socket in sockets:
        texts: list[str] = []
        for _ in range(2):
            envelope = await socket.receive_json(timeout=3)
            texts.append(envelope["payload"]["event"]["text"])
            await socket.send_json({"envelope_id": envelope["envelope_id"]})
        heard.append(texts)
    assert sorted(heard[0] + heard[1]) == ["0", "1", "2", "3"]
    for socket in sockets:
        await socket.close()


async def test_an_event_lost_with_its_connection_goes_to_another(
    client: Any, server: SlackServer, session: aiohttp.ClientSession, hand: Any
) -> None:
    sockets = {asyncio.ensure_future(s.receive_json(timeout=3)): s for s in await open_two(client, server, session)}
    await hand.post("slack/messages", persona="UONCALL", channel="CPLATFORM", text="catch")
    (caught,), (waiting,) = await asyncio.wait(sockets, return_when=asyncio.FIRST_COMPLETED)
    await sockets[caught].close()
    again = await waiting
    assert again["payload"] == caught.result()["payload"]
    assert again["retry_attempt"] == 1
    await sockets[waiting].send_json({"envelope_id": again["envelope_id"]})
    await server.workspace.courier.settle()
    await sockets[waiting].close()


async def test_a_ticket_opens_one_connection(client: Any, server: SlackServer, session: aiohttp.ClientSession) -> None:
    opened = await client.apps_connections_open(app_token=server.workspace.credentials.app_token)
    socket = await session.ws_connect(opened["url"])
    for url in (opened["url"], f"{server.url}/link?ticket=guessed"):
        try:
            await session.ws_connect(url)
        except aiohttp.WSServerHandshakeError as error:
            assert error.status == 403
        else:
            raise AssertionError("a second connection was opened")
    await socket.close()


async def test_the_app_comes_back_after_its_socket_was_dropped(
    app: Any, connect: Any, hand: Any, server: SlackServer
) -> None:
    heard = listen_to_mentions(app)
    await connect(app)
    assert await hand.post("faults/slack", kind="drop_socket") == {"ok": True}

    async def back() -> bool:
        opens = server.workspace.records.calls_of("apps.connections.open")
        return len(opens) >= 2 and len(server.workspace.sockets) == 1

    await hand.eventually(back, 15.0)
    await hand.post("slack/messages", persona="UONCALL", channel="CINCIDENTS", text="@agentops again")

    async def arrived() -> list[Json]:
        return heard

    await hand.eventually(arrived)


async def test_the_app_reconnects_when_asked_to(app: Any, connect: Any, hand: Any, server: SlackServer) -> None:
    listen_to_mentions(app)
    await connect(app)
    await hand.post("faults/slack", kind="refresh_socket")

    async def back() -> bool:
        opens = server.workspace.records.calls_of("apps.connections.open")
        return len(opens) >= 2 and len(server.workspace.sockets) == 1

    await hand.eventually(back, 15.0)


async def test_duplicate_delivery_repeats_the_event_id(app: Any, connect: Any, hand: Any) -> None:
    heard = listen_to_mentions(app)
    await connect(app)
    await hand.post("faults/slack", kind="duplicate_delivery", match="app_mention")
    await hand.post("slack/messages", persona="UONCALL", channel="CINCIDENTS", text="@agentops once")

    async def twice() -> bool:
        return len(heard) == 2

    await hand.eventually(twice)
    assert heard[0]["event_id"] == heard[1]["event_id"]


async def test_the_stream_tells_what_changed(client: Any, server: SlackServer, session: aiohttp.ClientSession) -> None:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with session.get(f"{server.url}/_sandbox/stream", headers=headers) as response:
        assert response.content_type == "text/event-stream"
        assert await _note(response) == {"type": "hello"}
        await client.chat_postMessage(channel="CINCIDENTS", text="x")
        note = await _note(response)
    assert note == {"type": "changed", "what": "messages", "channel": "CINCIDENTS", "thread_ts": None, "user": None}


async def _note(response: aiohttp.ClientResponse) -> Json:
    async with asyncio.timeout(3):
        while not (line := (await response.content.readline()).strip()):
            pass
    return json.loads(line.removeprefix(b"data: "))
