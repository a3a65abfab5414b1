"""The forms with the reason for a denial, or for acting for two: parse, store, ack, hand off."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.slack import ids
from bot.slack.blocks.decision import decision_words
from bot.slack.blocks.notes import private_message
from bot.slack.blocks.reason_form import LEAST_FOR_BREAK_GLASS, LEAST_FOR_DENIAL, ReasonForm, reason_of
from bot.slack.listeners.edge import NOT_STORED, answered, stored
from bot.slack.listeners.home_page import on_the_home
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell, beside
from bot.slack.ports import Delivery, DeliveryKind
from bot.slack.views import DecisionReply
from incidents.approval import Person

TOO_SHORT = "Say in a few words why."
SHOWN_BY_THE_CARD = frozenset({"approved", "voted", "denied"})

Decide = Callable[[Ports, str, str, Person, bool], Awaitable[DecisionReply]]


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to both forms."""
    _listen(app, ports, ids.DENY_FORM, _deny, kind="deny", least=LEAST_FOR_DENIAL, what="your denial")
    _listen(
        app,
        ports,
        ids.BREAK_GLASS_FORM,
        _break_glass,
        kind="break_glass",
        least=LEAST_FOR_BREAK_GLASS,
        what="your approval for two",
    )


def _listen(
    app: AsyncApp, ports: Ports, callback_id: str, decide: Decide, *, kind: DeliveryKind, least: int, what: str
) -> None:
    async def submitted(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        form = ReasonForm.loaded(str(view.get("private_metadata") or "{}"))
        reason = reason_of(view.get("state") or {})
        user: dict[str, Any] = body["user"]
        if len(reason) < least:
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
        delivery = Delivery(f"view:{user['id']}:{view.get('id', '')}", kind, payload)
        new = await stored(ports, delivery)
        if new is None:
            await ack(response_action="errors", errors={ids.DENY_REASON_BLOCK: NOT_STORED})
            return
        await ack()
        if not new:
            return
        tell = _teller(ports, form, payload["user_id"])
        if await answered(tell, lambda: _decide(ports, decide, payload, tell), what=what):
            await ports.desk.handled(delivery.id)

    app.view(callback_id)(submitted)  # pyright: ignore[reportUnknownMemberType] Bolt types its matchers loosely


def _teller(ports: Ports, form: ReasonForm, user_id: str) -> Tell:
    if not form.channel:
        return on_the_home(ports, user_id)
    return beside(ports.client, channel=form.channel, user=user_id, thread_ts=form.thread_ts, respond=None)


async def _decide(ports: Ports, decide: Decide, payload: dict[str, str], tell: Tell) -> None:
    person = await ports.people.lookup(payload["user_id"], payload["team_id"])
    at_home = not payload["channel"]
    reply = await decide(ports, payload["proposal_id"], payload["reason"], person, at_home)
    if at_home or reply.result not in SHOWN_BY_THE_CARD:
        sign, words = decision_words(reply)
        await tell(private_message(words, sign=sign))


async def _deny(ports: Ports, proposal_id: str, reason: str, person: Person, at_home: bool) -> DecisionReply:
    return await ports.desk.deny(proposal_id, reason, person, "home" if at_home else "button")


async def _break_glass(ports: Ports, proposal_id: str, reason: str, person: Person, at_home: bool) -> DecisionReply:
    return await ports.desk.break_glass(proposal_id, reason, person)
