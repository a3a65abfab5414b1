"""A mention: a question, answered in its thread."""

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.slack.blocks.answer import answer_message
from bot.slack.blocks.help import help_message
from bot.slack.clients import called
from bot.slack.listeners.commands.agentops import HELP_ENTRIES
from bot.slack.listeners.commands.typed import as_typed
from bot.slack.listeners.edge import answered, member, stored
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell, beside
from bot.slack.ports import Delivery


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to mentions. Bolt acks events before it calls us; Slack sends one again that was not acked."""

    async def mentioned(body: dict[str, Any], event: dict[str, Any]) -> None:
        user_id = str(event.get("user") or "")
        if not user_id or event.get("bot_id"):
            return
        channel, thread_ts = str(event["channel"]), str(event.get("thread_ts") or event["ts"])
        question = as_typed(str(event.get("text") or ""))
        payload = {
            "user_id": user_id,
            "team_id": str(event.get("user_team") or event.get("team") or ""),
            "channel": channel,
            "thread_ts": thread_ts,
            "question": question,
        }
        delivery = Delivery(f"event:{body.get('event_id') or event['ts']}", "mention", payload)
        if await stored(ports, delivery) is False:
            return
        in_thread = str(event.get("thread_ts") or "")
        tell = beside(ports.client, channel=channel, user=user_id, thread_ts=in_thread, respond=None)
        if await answered(tell, lambda: _answer(ports, payload, tell), what="your question"):
            await ports.desk.handled(delivery.id)

    app.event("app_mention")(mentioned)  # pyright: ignore[reportUnknownMemberType] Bolt types its matchers loosely


async def _answer(ports: Ports, payload: dict[str, str], tell: Tell) -> None:
    person = await member(ports, payload["user_id"], payload["team_id"], tell)
    if person is None:
        return
    if payload["question"].lower() in {"", "help"}:
        await tell(help_message(HELP_ENTRIES))
        return
    answer = await ports.desk.ask(payload["question"], person, payload["channel"], payload["thread_ts"])
    if answer is None:
        return
    content = answer_message(answer, ports.links())
    body = {
        "channel": payload["channel"],
        "thread_ts": payload["thread_ts"],
        "text": content.text,
        "blocks": content.blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    await called(ports.client, "chat.postMessage", body=body)
