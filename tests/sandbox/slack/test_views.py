"""Modals: opened by a trigger, submitted with errors, updated, pushed, cleared, closed."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack.server import SlackServer

Json = dict[str, Any]


def modal(title: str = "Why?", **fields: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": "deny",
        "title": {"type": "plain_text", "text": title},
        "submit": {"type": "plain_text", "text": "Deny"},
        "blocks": [
            {
                "type": "input",
                "block_id": "reason",
                "label": {"type": "plain_text", "text": "Reason"},
                "element": {"type": "plain_text_input", "action_id": "text", "min_length": 3},
            },
            {
                "type": "input",
                "block_id": "when",
                "optional": True,
                "label": {"type": "plain_text", "text": "When"},
                "element": {"type": "datepicker", "action_id": "date", "initial_date": "2025-01-31"},
            },
        ],
        **fields,
    }


def reason(text: str | None) -> Json:
    return {"reason": {"text": {"type": "plain_text_input", "value": text}}}


@pytest.fixture
def submissions(app: Any) -> list[Json]:
    """Bodies of submissions; how they are answered depends on the text typed."""
    bodies: list[Json] = []

    @app.view("deny")
    async def submitted(ack: Any, body: Json) -> None:
        bodies.append(body)
        match body["view"]["state"]["values"]["reason"]["text"]["value"]:
            case "error":
                await ack(response_action="errors", errors={"reason": "Say more"})
            case "strange error":
                await ack(response_action="errors", errors={"no such block": "x"})
            case "update":
                await ack(response_action="update", view=modal("Updated"))
            case "push":
                await ack(response_action="push", view=modal("Pushed"))
            case "clear":
                await ack(response_action="clear")
            case "broken view":
                await ack(response_action="update", view={"type": "modal"})
            case _:
                await ack()

    @app.view_closed("deny")
    async def closed(ack: Any, body: Json) -> None:
        bodies.append(body)
        await ack()

    return bodies


async def open_modal(client: Any, server: SlackServer, **fields: Any) -> str:
    trigger = server.workspace.triggers.issue("UONCALL")
    return (await client.views_open(trigger_id=trigger, view=modal(**fields)))["view"]["id"]


async def submit(hand: Any, view_id: str, text: str | None) -> Json:
    return await hand.post(f"slack/views/{view_id}/submit", persona="UONCALL", values=reason(text))


async def test_a_command_opens_a_modal_with_its_trigger(app: Any, connect: Any, client: Any, hand: Any) -> None:
    @app.command("/agentops")
    async def command(ack: Any, body: Json) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    await connect(app)
    await hand.post("slack/commands", persona="UONCALL", channel="CINCIDENTS", text="/agentops deny")
    (view,) = await hand.eventually(hand.views)
    assert (view["title"]["text"], view["callback_id"]) == ("Why?", "deny")
    assert await hand.views("UVIEWER") == []


async def test_a_submission_carries_the_state_and_closes_the_modal(
    app: Any, submissions: list[Json], connect: Any, client: Any, server: SlackServer, hand: Any
) -> None:
    await connect(app)
    view_id = await open_modal(client, server, private_metadata="p-1")
    answer = await submit(hand, view_id, "too risky")
    assert (answer["ok"], answer["response_action"]) == (True, None)
    (body,) = submissions
    assert (body["type"], body["user"]["id"], body["view"]["private_metadata"]) == ("view_submission", "UONCALL", "p-1")
    assert body["view"]["state"]["values"] == {
        "reason": {"text": {"type": "plain_text_input", "value": "too risky"}},
        "when": {"date": {"type": "datepicker", "selected_date": "2025-01-31"}},
    }
    assert await hand.views() == []


async def test_errors_keep_the_modal_open(
    app: Any, submissions: list[Json], connect: Any, client: Any, server: SlackServer, hand: Any
) -> None:
    await connect(app)
    view_id = await open_modal(client, server)
    answer = await submit(hand, view_id, "error")
    assert (answer["error"], answer["errors"]) == ("validation", {"reason": "Say more"})
    assert answer["response_action"] == "errors"
    assert [view["id"] for view in await hand.views()] == [view_id]
    assert (await submit(hand, view_id, "strange error"))["error"] == "invalid_errors_response"
    assert (await submit(hand, view_id, "broken view"))["error"] == "invalid_view_response"


async def test_an_empty_required_input_never_reaches_the_app(
    app: Any, submissions: list[Json], connect: Any, client: Any, server: SlackServer, hand: Any
) -> None:
    await connect(app)
    view_id = await open_modal(client, server)
    assert (await submit(hand, view_id, None))["errors"] == {"reason": "Please complete this required field."}
    assert (await submit(hand, view_id, "no"))["errors"] == {"reason": "Use at least 3 characters."}
    assert submissions == []


async def test_update_push_and_clear_are_followed(
    app: Any, submissions: list[Json], connect: Any, client: Any, server: SlackServer, hand: Any
) -> None:
    await connect(app)
    view_id = await open_modal(client, server)
    await submit(hand, view_id, "update")
    assert [view["title"]["text"] for view in await hand.views()] == ["Updated"]
    await submit(hand, view_id, "push")
    below, top = await hand.views()
    assert (top["title"]["text"], top["previous_view_id"], top["root_view_id"]) == ("Pushed", below["id"], below["id"])
    await submit(hand, top["id"], "plain answer")
    assert [view["id"] for view in await hand.views()] == [view_id]
    await submit(hand, view_id, "clear")
    assert await hand.views() == []


async def test_a_submission_not_acked_leaves_the_modal_open(
    client: Any, server: SlackServer, hand: Any, app: Any, connect: Any
) -> None:
    @app.view("deny")
    async def never(body: Json) -> None:
        pass

    await connect(app)
    view_id = await open_modal(client, server)
    assert (await submit(hand, view_id, "well then"))["error"] == "operation_timeout"
    assert [view["id"] for view in await hand.views()] == [view_id]


async def test_closing_tells_the_app_when_it_asked_to_know(
    app: Any, submissions: list[Json], connect: Any, client: Any, server: SlackServer, hand: Any
) -> None:
    await connect(app)
    silent = await open_modal(client, server)
    await hand.post(f"slack/views/{silent}/close", persona="UONCALL")
    assert submissions == []
    loud = await open_modal(client, server, notify_on_close=True)
    await hand.post(f"slack/views/{loud}/close", persona="UONCALL")
    assert [body["type"] for body in submissions] == ["view_closed"]
    assert await hand.views() == []


async def test_a_modal_belongs_to_one_person(client: Any, server: SlackServer, hand: Any) -> None:
    view_id = await open_modal(client, server)
    answer = await hand.post(f"slack/views/{view_id}/submit", persona="UVIEWER", values=reason("mine now"))
    assert answer["error"] == "view_not_found"


async def test_triggers_work_once_and_expire(client: Any, server: SlackServer) -> None:
    trigger = server.workspace.triggers.issue("UONCALL")
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await client.views_open(trigger_id=trigger, view={"type": "modal"})
    await client.views_open(trigger_id=trigger, view=modal())
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await client.views_open(trigger_id=trigger, view=modal())
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        await client.views_open(trigger_id="1.2.3", view=modal())
    server.workspace.triggers = type(server.workspace.triggers)(seconds=-1.0)
    late = server.workspace.triggers.issue("UONCALL")
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await client.views_open(trigger_id=late, view=modal())


async def test_views_stack_three_high(client: Any, server: SlackServer, hand: Any) -> None:
    view_id = await open_modal(client, server)
    triggers = server.workspace.triggers
    for _ in range(2):
        await client.views_push(trigger_id=triggers.issue("UONCALL", view_id=view_id), view=modal())
    assert len(await hand.views()) == 3
    with pytest.raises(SlackApiError, match="push_limit_reached"):
        await client.views_push(trigger_id=triggers.issue("UONCALL", view_id=view_id), view=modal())


async def test_an_update_of_an_old_hash_conflicts(client: Any, server: SlackServer) -> None:
    view_id = await open_modal(client, server)
    opened = server.workspace.views.find(view_id)
    assert opened is not None
    old = opened.hash
    await client.views_update(view_id=view_id, view=modal("Newer"), hash=old)
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_update(view_id=view_id, view=modal("Newest"), hash=old)
    with pytest.raises(SlackApiError, match="not_found"):
        await client.views_update(view_id="V0", view=modal())
