"""Clicks, commands and homes, answered by a real Bolt app."""

from typing import Any

import pytest

from sandbox.slack.server import SlackServer

Json = dict[str, Any]

CARD: list[Json] = [
    {
        "type": "actions",
        "block_id": "card",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "text": {"type": "plain_text", "text": "Approve"},
                "value": "opaque-1",
                "style": "primary",
            },
            {
                "type": "static_select",
                "action_id": "window",
                "options": [
                    {"text": {"type": "plain_text", "text": "1 hour"}, "value": "1h"},
                    {"text": {"type": "plain_text", "text": "6 hours"}, "value": "6h"},
                ],
            },
        ],
    },
    {
        "type": "context_actions",
        "block_id": "thumbs",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "feedback",
                "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "good"},
                "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "bad"},
            }
        ],
    },
]


@pytest.fixture
def clicks(app: Any) -> list[Json]:
    """Bodies of every click, each acked at once."""
    bodies: list[Json] = []

    async def clicked(ack: Any, body: Json) -> None:
        await ack()
        bodies.append(body)

    for action_id in ("approve", "window", "feedback", "forged"):
        app.action(action_id)(clicked)
    return bodies


async def post_card(client: Any) -> str:
    return (await client.chat_postMessage(channel="CINCIDENTS", text="card", blocks=CARD))["ts"]


def click(ts: str, action_id: str, **fields: Any) -> Json:
    return {"container": {"channel": "CINCIDENTS", "ts": ts}, "action_id": action_id, **fields}


async def test_a_click_carries_what_slack_sends(
    app: Any, clicks: list[Json], connect: Any, client: Any, hand: Any, server: SlackServer
) -> None:
    await connect(app)
    ts = await post_card(client)
    answer = await hand.post("slack/actions", persona="UONCALL", **click(ts, "approve"))
    assert answer["ok"] is True
    assert answer["acked_ms"] < 400
    (body,) = clicks
    assert body["user"] == {"id": "UONCALL", "username": "oncall", "name": "oncall", "team_id": "TSANDBOX"}
    assert body["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": "CINCIDENTS",
        "is_ephemeral": False,
    }
    (action,) = body["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == ("approve", "card", "opaque-1")
    assert body["message"]["ts"] == ts
    assert body["channel"] == {"id": "CINCIDENTS", "name": "ml-incidents"}
    assert body["response_url"].startswith(f"{server.url}/response/")
    assert body["state"]["values"]["card"]["window"] == {"type": "static_select", "selected_option": None}


async def test_other_elements_carry_what_was_chosen(
    app: Any, clicks: list[Json], connect: Any, client: Any, hand: Any
) -> None:
    await connect(app)
    ts = await post_card(client)
    await hand.post("slack/actions", persona="UONCALL", **click(ts, "window", selected_option="6h"))
    await hand.post("slack/actions", persona="UONCALL", **click(ts, "feedback", value="bad"))
    assert clicks[0]["actions"][0]["selected_option"]["text"]["text"] == "6 hours"
    assert (clicks[1]["actions"][0]["type"], clicks[1]["actions"][0]["value"]) == ("feedback_buttons", "bad")


async def test_forged_and_stale_clicks_can_be_sent(
    app: Any, clicks: list[Json], connect: Any, client: Any, hand: Any
) -> None:
    await connect(app)
    ts = await post_card(client)
    await hand.post("slack/actions", persona="UVIEWER", **click(ts, "forged", value="made up"))
    await hand.post("slack/actions", persona="UVIEWER", **click(ts, "approve", value="another"))
    await client.chat_update(channel="CINCIDENTS", ts=ts, text="decided", blocks=[])
    await hand.post("slack/actions", persona="UVIEWER", **click(ts, "approve", value="opaque-1"))
    assert [body["actions"][0]["value"] for body in clicks] == ["made up", "another", "opaque-1"]


async def test_a_click_of_another_company_carries_its_team(
    app: Any, clicks: list[Json], connect: Any, client: Any, hand: Any
) -> None:
    await connect(app)
    ts = await post_card(client)
    await hand.post("slack/actions", persona="USTRANGER", **click(ts, "approve"))
    assert clicks[0]["user"]["team_id"] == "TOTHER"
    assert clicks[0]["team"]["id"] == "TSANDBOX"


async def test_a_click_not_acked_in_time_fails_visibly(app: Any, connect: Any, client: Any, hand: Any) -> None:
    @app.action("approve")
    async def never(body: Json) -> None:
        pass

    await connect(app)
    ts = await post_card(client)
    answer = await hand.post("slack/actions", persona="UONCALL", **click(ts, "approve"))
    assert answer == {"ok": False, "error": "operation_timeout", "acked_ms": None}
    notice = (await hand.messages(persona="UONCALL"))[-1]
    assert (notice["notice"], notice["user"]) == (True, "USLACKBOT")
    assert "operation_timeout" in notice["text"]


async def test_a_click_without_any_connection_fails_at_once(client: Any, hand: Any) -> None:
    ts = await post_card(client)
    answer = await hand.post("slack/actions", persona="UONCALL", **click(ts, "approve"))
    assert answer["error"] == "dispatch_failed"


async def test_respond_replaces_the_card_and_answers_the_clicker(
    app: Any, connect: Any, client: Any, hand: Any
) -> None:
    statuses: list[int] = []

    @app.action("approve")
    async def clicked(ack: Any, respond: Any) -> None:
        await ack()
        statuses.append((await respond(text="done", replace_original=True)).status_code)
        for _ in range(5):
            statuses.append((await respond(text="only you", replace_original=False)).status_code)

    await connect(app)
    ts = await post_card(client)
    await hand.post("slack/actions", persona="UONCALL", **click(ts, "approve"))

    async def six() -> bool:
        return len(statuses) == 6

    await hand.eventually(six)
    assert statuses == [200, 200, 200, 200, 200, 404]
    messages = await hand.messages(persona="UONCALL")
    assert (messages[0]["text"], messages[0]["ephemeral"]) == ("done", False)
    assert [message["ephemeral"] for message in messages[1:]] == [True] * 4


async def test_a_click_in_an_ephemeral_has_no_message(
    app: Any, clicks: list[Json], connect: Any, client: Any, hand: Any
) -> None:
    await connect(app)
    posted = await client.chat_postEphemeral(channel="CINCIDENTS", user="UONCALL", text="card", blocks=CARD)
    ts = posted["message_ts"]
    other = await hand.post("slack/actions", persona="UVIEWER", **click(ts, "approve"))
    assert other["error"] == "message_not_found"
    await hand.post("slack/actions", persona="UONCALL", **click(ts, "approve"))
    assert clicks[0]["container"]["is_ephemeral"] is True
    assert "message" not in clicks[0]


async def test_a_slash_command_is_answered_in_its_ack(app: Any, connect: Any, hand: Any) -> None:
    heard: list[Json] = []

    @app.command("/agentops")
    async def command(ack: Any, body: Json) -> None:
        heard.append(body)
        await ack("all is well")

    await connect(app)
    answer = await hand.post("slack/commands", persona="UVIEWER", channel="CINCIDENTS", text="/agentops status x")
    assert answer["ok"] is True
    (body,) = heard
    assert (body["text"], body["user_id"], body["channel_name"]) == ("status x", "UVIEWER", "ml-incidents")
    assert {"trigger_id", "response_url", "team_id", "user_name"} <= body.keys()
    shown = await hand.messages(persona="UVIEWER")
    assert [(message["text"], message["ephemeral"]) for message in shown] == [("all is well", True)]
    assert await hand.messages(persona="UONCALL") == []


async def test_a_command_may_answer_in_the_channel(app: Any, connect: Any, hand: Any) -> None:
    @app.command("/agentops")
    async def command(ack: Any) -> None:
        await ack(text="for all", response_type="in_channel")

    await connect(app)
    await hand.post("slack/commands", persona="UVIEWER", channel="CINCIDENTS", text="/agentops status")
    assert [message["text"] for message in await hand.messages()] == ["for all"]


async def test_a_command_not_acked_in_time_fails_as_slack_says(app: Any, connect: Any, hand: Any) -> None:
    @app.command("/agentops")
    async def command(body: Json) -> None:
        pass

    await connect(app)
    answer = await hand.post("slack/commands", persona="UVIEWER", channel="CINCIDENTS", text="/agentops status")
    assert answer["error"] == "operation_timeout"
    (notice,) = await hand.messages(persona="UVIEWER")
    assert notice["text"] == '/agentops failed with the error "operation_timeout"'


async def test_a_command_of_another_company_carries_its_team(app: Any, connect: Any, hand: Any) -> None:
    teams: list[str] = []

    @app.command("/agentops")
    async def command(ack: Any, body: Json) -> None:
        teams.append(body["team_id"])
        await ack()

    await connect(app)
    await hand.post("slack/commands", persona="USTRANGER", channel="CINCIDENTS", text="/agentops status")
    assert teams == ["TOTHER"]


@pytest.mark.parametrize(
    ("request_body", "error"),
    [
        ({"persona": "UNOBODY", "channel": "CINCIDENTS", "text": "/agentops"}, "unknown_persona"),
        ({"persona": "UVIEWER", "channel": "CNOWHERE", "text": "/agentops"}, "channel_not_found"),
        ({"persona": "USTRANGER", "channel": "CPLATFORM", "text": "/agentops"}, "not_in_channel"),
        ({"persona": "UVIEWER", "channel": "CINCIDENTS", "text": "/unheard"}, "unknown_command"),
        ({"persona": "UVIEWER", "channel": "CINCIDENTS"}, "missing_argument"),
    ],
)
async def test_commands_that_cannot_be_typed_are_refused(hand: Any, request_body: Json, error: str) -> None:
    assert (await hand.post("slack/commands", **request_body))["error"] == error


async def test_the_home_is_published_when_opened(app: Any, connect: Any, client: Any, hand: Any) -> None:
    @app.event("app_home_opened")
    async def opened(event: Json) -> None:
        block = {"type": "section", "text": {"type": "plain_text", "text": f"Hello {event['user']}"}}
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [block]})

    await connect(app)
    assert (await hand.get("slack/home", persona="ULEAD"))["view"] is None
    await hand.post("slack/home", persona="ULEAD")

    async def published() -> Json | None:
        return (await hand.get("slack/home", persona="ULEAD"))["view"]

    view = await hand.eventually(published)
    assert view["blocks"][0]["text"]["text"] == "Hello ULEAD"


async def test_a_click_in_the_home_carries_the_view(
    app: Any, clicks: list[Json], connect: Any, client: Any, hand: Any
) -> None:
    await connect(app)
    published = await client.views_publish(user_id="UONCALL", view={"type": "home", "blocks": CARD[:1]})
    view_id = published["view"]["id"]
    answer = await hand.post("slack/actions", persona="UONCALL", container={"view_id": view_id}, action_id="approve")
    assert answer["ok"] is True
    assert clicks[0]["container"] == {"type": "view", "view_id": view_id}
    assert clicks[0]["view"]["type"] == "home"
    assert "message" not in clicks[0]
