"""What a person does: writes, clicks, commands, submits, closes, opens the home."""

from dataclasses import dataclass
from typing import Any

from sandbox.slack import payloads
from sandbox.slack.actions import action_of
from sandbox.slack.blocks import check_message_blocks
from sandbox.slack.errors import ApiError, ControlError
from sandbox.slack.messages import Message
from sandbox.slack.people import BOT_USER_ID, Channel, Person
from sandbox.slack.shape import as_object
from sandbox.slack.state_values import Values, current_values, input_errors
from sandbox.slack.view_rules import check_view
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace, escape, escape_typed


@dataclass(frozen=True)
class Submitted:
    """What came of a submission: the app's `response_action`, if it gave one."""

    response_action: str | None
    acked_ms: int | None


class Acts:
    """Acts of personas upon one workspace. Each raises ControlError when it cannot be done, or the app did not ack."""

    def __init__(self, workspace: Workspace):
        self._workspace = workspace

    def person(self, persona: str) -> Person:
        """The persona of that id."""
        person = next((p for p in self._workspace.personas if p.id == persona), None)
        if person is None:
            raise ControlError("unknown_persona")
        return person

    def channel(self, person: Person, channel_id: str) -> Channel:
        """A channel this person is in. Full members may walk into any public one; guests and strangers may not."""
        channel = self._workspace.channels.get(channel_id)
        if channel is None:
            raise ControlError("channel_not_found")
        if person.id not in channel.members:
            if channel.is_im or person.is_restricted or person.is_stranger:
                raise ControlError("not_in_channel")
            channel.members.add(person.id)
        return channel

    def write(self, persona: str, channel_id: str, text: str, thread_ts: str | None = None) -> Message:
        """Write a message; the app is told what it subscribed to, in the background."""
        workspace, person = self._workspace, self.person(persona)
        channel = self.channel(person, channel_id)
        if not text.strip():
            raise ControlError("no_text")
        if thread_ts is not None and workspace.messages.find(channel.id, thread_ts) is None:
            raise ControlError("message_not_found")
        message = Message(workspace.timestamps.next(), channel.id, person.id, escape_typed(text), thread_ts=thread_ts)
        workspace.post(message)
        if not channel.bot_is_member:
            return message
        for kind, subscription in _events_of(channel, message):
            if subscription in workspace.subscriptions:
                event = payloads.message_event(kind, person, channel, message)
                workspace.courier.tell(payloads.event_envelope(workspace, event, shared=workspace.is_shared(channel)))
        return message

    async def click(self, persona: str, container: dict[str, Any], request: dict[str, Any]) -> int | None:
        """Use an element of a message, of a modal or of the home; milliseconds until the ack."""
        workspace, person = self._workspace, self.person(persona)
        given: Values = as_object(request.get("state")) or {}
        event_ts = workspace.timestamps.next()
        if "view_id" in container:
            view = self._view(str(container["view_id"]), person)
            view.state = current_values(view.spec["blocks"], {**view.state, **given})
            action = action_of(view.spec["blocks"], request, event_ts)
            payload = payloads.view_action(workspace, person, view, action)
            place = None
        else:
            channel = self.channel(person, str(container.get("channel")))
            message = workspace.messages.find(channel.id, str(container.get("ts")))
            if message is None or message.visible_to not in (None, person.id):
                raise ControlError("message_not_found")
            action = action_of(message.blocks, request, event_ts)
            payload = payloads.message_action(workspace, person, message, action, given)
            place = message
        ack = await workspace.courier.interact("interactive", payload, "block_actions")
        if ack.error is not None:
            if place is not None:
                text = f"That did not work: the app did not respond ({ack.error})."
                workspace.notice(user=person.id, channel=place.channel, thread_ts=place.thread_ts, text=text)
            raise ControlError(ack.error, acked_ms=None)
        return ack.acked_ms

    async def command(self, persona: str, channel_id: str, line: str, thread_ts: str | None = None) -> int | None:
        """Type a slash command; milliseconds until the ack. What the app acks with is shown."""
        workspace, person = self._workspace, self.person(persona)
        channel = self.channel(person, channel_id)
        command, _, text = line.strip().partition(" ")
        if command not in workspace.commands:
            raise ControlError("unknown_command")
        payload = payloads.command_payload(workspace, person, channel, command, escape(text.strip()), thread_ts)
        ack = await workspace.courier.interact("slash_commands", payload, command)
        error = ack.error
        if error is None and ack.payload:
            error = self._show_command_answer(person, channel, thread_ts, ack.payload)
        if error is not None:
            text = f'{command} failed with the error "{error}"'
            workspace.notice(user=person.id, channel=channel.id, thread_ts=thread_ts, text=text)
            raise ControlError(error, acked_ms=ack.acked_ms)
        return ack.acked_ms

    def _show_command_answer(
        self, person: Person, channel: Channel, thread_ts: str | None, answer: dict[str, Any]
    ) -> str | None:
        workspace = self._workspace
        in_channel = answer.get("response_type") == "in_channel"
        try:
            blocks = check_message_blocks(answer.get("blocks") or [], workspace.files.is_shown)
        except ApiError:
            return "invalid_command_response"
        if not blocks and not answer.get("text"):
            return None
        workspace.post(
            Message(
                workspace.timestamps.next(),
                channel.id,
                BOT_USER_ID,
                str(answer.get("text", "")),
                blocks,
                thread_ts=thread_ts,
                visible_to=None if in_channel else person.id,
            )
        )
        return None

    def open_home(self, persona: str) -> None:
        """Open the app's home; the app is told in the background."""
        workspace, person = self._workspace, self.person(persona)
        if "app_home_opened" not in workspace.subscriptions:
            return
        view = workspace.views.home(person.id)
        event = payloads.home_opened_event(person, view, workspace.timestamps.next())
        workspace.courier.tell(payloads.event_envelope(workspace, event))

    async def submit(self, persona: str, view_id: str, values: Values) -> Submitted:
        """Submit a modal: checked as Slack's client does, sent, and what the app answers done."""
        workspace, person = self._workspace, self.person(persona)
        view = self._view(view_id, person, modal=True)
        view.state = current_values(view.spec["blocks"], {**view.state, **values})
        complaints = input_errors(view.spec["blocks"], view.state)
        if complaints:
            raise ControlError("validation", errors=complaints, response_action="errors", acked_ms=None)
        payload = payloads.view_submission(workspace, person, view)
        ack = await workspace.courier.interact("interactive", payload, "view_submission")
        if ack.error is not None:
            raise ControlError(ack.error, acked_ms=None)
        action = self._follow(view, ack.payload or {}, ack.acked_ms)
        workspace.changes.publish("views", user=person.id)
        return Submitted(action, ack.acked_ms)

    def _follow(self, view: View, answer: dict[str, Any], acked_ms: int | None) -> str | None:
        """Do what the app answered to a submission."""
        views, action = self._workspace.views, answer.get("response_action")
        match action:
            case None:
                views.pop(view)
            case "clear":
                views.clear(view.user)
            case "errors":
                raise _errors_of(view, answer, acked_ms)
            case "update" | "push":
                try:
                    spec = check_view(answer.get("view"), "modal", self._workspace.files.is_shown)
                    if action == "update":
                        views.update(view, spec)
                    else:
                        views.push(view.user, spec)
                except ApiError as error:
                    raise ControlError("invalid_view_response", messages=error.messages, acked_ms=acked_ms) from error
            case _:
                raise ControlError("invalid_view_response", acked_ms=acked_ms)
        return None if action is None else str(action)

    async def close(self, persona: str, view_id: str, *, clear: bool = False) -> None:
        """Close a modal, or the whole stack; the app is told if the modal asked for it."""
        workspace, person = self._workspace, self.person(persona)
        view = self._view(view_id, person, modal=True)
        clear = clear or bool(view.spec.get("clear_on_close"))
        closed = workspace.views.stack(person.id) if clear else [view]
        for one in closed:
            workspace.views.pop(one)
        workspace.changes.publish("views", user=person.id)
        for one in closed:
            if one.spec.get("notify_on_close"):
                payload = payloads.view_closed(person, one, is_cleared=clear)
                await workspace.courier.interact("interactive", payload, "view_closed")

    def _view(self, view_id: str, person: Person, *, modal: bool = False) -> View:
        view = self._workspace.views.find(view_id)
        if view is None or view.user != person.id or (modal and view.spec["type"] != "modal"):
            raise ControlError("view_not_found")
        return view


def _events_of(channel: Channel, message: Message) -> list[tuple[str, str]]:
    """The events a message makes, each with the subscription it needs."""
    if channel.is_im:
        return [("message", "message.im")]
    mentioned = [("app_mention", "app_mention")] if f"<@{BOT_USER_ID}" in message.text else []
    return [*mentioned, ("message", "message.channels")]


def _errors_of(view: View, answer: dict[str, Any], acked_ms: int | None) -> ControlError:
    """The app's complaints; Slack shows a failure instead when one names no input of the modal."""
    inputs = {block["block_id"] for block in view.spec["blocks"] if block["type"] == "input"}
    errors = as_object(answer.get("errors"))
    if not errors or not inputs.issuperset(errors):
        return ControlError("invalid_errors_response", acked_ms=acked_ms)
    return ControlError("validation", errors=errors, response_action="errors", acked_ms=acked_ms)
