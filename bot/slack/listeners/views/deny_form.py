"""The form with the reason for a denial: parse, store, ack, hand off."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.slack import ids
from bot.slack.blocks.decision import decision_words
from bot.slack.blocks.deny_form import DenyForm, reason_of
from bot.slack.blocks.notes import private_message
from bot.slack.listeners.edge import NOT_STORED, answered, stored
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell, beside
from bot.slack.ports import Delivery

TOO_SHORT = "Say in a few words why."


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the form."""

    async def submitted(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        form = DenyForm.loaded(str(view.get("private_metadata") or "{}"))
        reason = reason_of(view.get("state") or {})
        user: dict[str, Any] = body["user"]
        if len(reason) < 3:
            await ack(response_action="errors", errors={ids.DENY_REASON_BLOCK: TOO_SHORT})
            return
        payload = {
            "proposal_id": form.proposal_id,
            "reason": reason,
            "user_id": str(user["id"]),
            "team_id": str(user.get("team_id") or ""),
            "channel": form.channel,
            "thread_ts": form.thread_ts,
        }
        delivery = Delivery(f"view:{user['id']}:{view.get('id', '')}", "deny", payload)
        new = await stored(ports, delivery)
        if new is None:
            await ack(response_action="errors", errors={ids.DENY_REASON_BLOCK: NOT_STORED})
            return
        await ack()
        if not new:
            return
        tell = beside(
            ports.client, channel=form.channel, user=payload["user_id"], thread_ts=form.thread_ts, respond=None
        )
        if await answered(tell, lambda: _decide(ports, payload, tell), what="your denial"):
            await ports.desk.handled(delivery.id)

    app.view(ids.DENY_FORM)(submitted)  # pyright: ignore[reportUnknownMemberType] Bolt types its matchers loosely


async def _decide(ports: Ports, payload: dict[str, str], tell: Tell) -> None:
    person = await ports.people.lookup(payload["user_id"], payload["team_id"])
    reply = await ports.desk.deny(payload["proposal_id"], payload["reason"], person, "button")
    if reply.result != "denied":
        sign, words = decision_words(reply)
        await tell(private_message(words, sign=sign))
