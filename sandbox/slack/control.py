"""The control API of the workspace: what a person does, and what a person sees.

Every route is under `/_sandbox/`, speaks JSON, and is guarded by `sandbox.guard` (loopback Host, and either
`Authorization: Bearer <token>` or the cookie `agentops_sandbox` that opening `/?token=<token>` sets). The guard
refuses with 401 `unauthorized`, 403 `forbidden_host` or `forbidden_origin`. Whatever else fails answers HTTP 200 with
`{"ok": false, "error": "<word>"}`, but for a body that is no JSON object: 400 `invalid_json`. The words:
`unknown_persona`, `channel_not_found`, `not_in_channel`, `message_not_found`, `view_not_found`, `no_text`,
`missing_argument`, `unknown_command`, `operation_timeout` (the app did not ack in 3 s), `dispatch_failed` (no socket
is connected, or the request URL refused), `validation`, `invalid_view_response`, `invalid_errors_response`,
`invalid_command_response`, `unknown_fault`.

GET /_sandbox/state -> (sandbox/control.py adds the world's fields: speed, scenario, prometheus, ready)
    {"team": {"id": "TSANDBOX", "name": "Sandbox", "domain": "sandbox"},
     "bot": {"user_id": "UAGENTOPS", "bot_id": "BAGENTOPS", "app_id": "AAGENTOPS", "name": "agentops",
             "real_name": "AgentOps"},
     "mode": "socket" | "http", "connections": 1,
     "personas": [{"id": "UONCALL", "name": "oncall", "real_name": "On-call approver", "team_id": "TSANDBOX",
                   "is_restricted": false, "is_stranger": false, "groups": ["ml-oncall"], "dm": "DONCALL",
                   "channels": ["CINCIDENTS", ...]}],
     "channels": [{"id": "CINCIDENTS", "name": "ml-incidents", "topic": "...", "bot_is_member": true,
                   "members": ["UONCALL", ...]}],
     "user_groups": [{"id": "SMLONCALL", "handle": "ml-oncall", "name": "ML on call", "users": ["UONCALL", "USECOND"]}],
     "commands": [{"command": "/agentops", "description": "...", "usage_hint": "...",
                   "completions": [{"text": "/agentops status ", "hint": "[model]", "description": "..."}]}]}
    A persona's `dm` is the channel of the direct messages between it and the app; it is not in `channels`.

GET /_sandbox/stream -> text/event-stream: first `data: {"type": "hello"}`, then one for each change:
    {"type": "changed", "what": "messages" | "ephemerals" | "views" | "home" | "connections" | "world",
     "channel": "C..." | null, "thread_ts": "..." | null, "user": "U..." | null}
    `user` says whose ephemerals, views or home. A comment (`: alive`) comes every 15 s. After a reconnect, read all
    again.

GET /_sandbox/slack/messages?channel=&thread_ts=&persona=&limit= -> {"ok": true, "messages": [Message, ...]}
    Oldest first. Without thread_ts the top level, else the parent and its replies; with persona, that person's
    ephemerals too. `limit` keeps the newest so many (200).
    Message = {"ts": "1700000000.000100", "channel": "C...", "thread_ts": "..." | null, "user": "UAGENTOPS",
        "username": "AgentOps", "is_bot": true, "text": "mrkdwn, escaped as Slack has it: &amp; &lt; &gt; <@U..>",
        "blocks": [Block, ...], "edited": {"user": "U...", "ts": "..."} | null, "reply_count": 0,
        "latest_reply": "..." | null, "files": [{"id": "F...", "name": "psi.png", "title": "...",
        "mimetype": "image/png", "size": 123, "alt_txt": "...", "url": "/_sandbox/slack/files/F..."}],
        "reactions": [{"name": "eyes", "count": 1, "users": ["U..."]}], "metadata": {...} | null,
        "ephemeral": false, "notice": false}
    A `notice` is an ephemeral of Slackbot (USLACKBOT) that tells of a failure: `/agentops failed with the error
    "operation_timeout"`. Every block has a block_id and every interactive element an action_id, made up where the app
    gave none. An image has an `image_url`, or a `slack_file` with the `id` of a file below.

POST /_sandbox/slack/messages {persona, channel, thread_ts?, text} -> {"ok": true, "ts": "..."}
    `@agentops` becomes `<@UAGENTOPS>`; & < > are escaped, mentions (`<@U..>`, `<#C..>`) kept. Does not wait for the
    app. A text that starts with "/" is no command here.

POST /_sandbox/slack/actions {persona, container, action_id, block_id?, <what was chosen>, state?}
    -> {"ok": true, "acked_ms": 12} | {"ok": false, "error": "operation_timeout", "acked_ms": null}
    container = {"channel": "C...", "ts": "..."} (an ephemeral too) | {"view_id": "V..."} (a modal, or the home)
    What was chosen: `value` for button, feedback_buttons and plain_text_input; `selected_option` for static_select,
    radio_buttons and overflow (the option object, or its value); `selected_options` for checkboxes and
    multi_static_select; `selected_date`, `selected_time`, `selected_user`, `selected_conversation`,
    `selected_channel` and so on.
    state = {block_id: {action_id: StateValue}}: what the person has filled in so far in that message or view.
    The element is looked up in the message or view as it is now. What is not there, or not any more, is sent all the
    same, as a button: a forged or stale click. A `value` given overrides the button's own.

POST /_sandbox/slack/commands {persona, channel, thread_ts?, text: "/agentops status"} -> {"ok": true, "acked_ms": 8}
    What the app says in its ack is shown as an ephemeral, or as a message if its response_type is in_channel.

GET /_sandbox/slack/views?persona= -> {"ok": true, "views": [View, ...]} the person's open modals, the last on top
    View = {"id": "V...", "type": "modal", "title": {"type": "plain_text", "text": "..."}, "submit": {...} | null,
        "close": {...} | null, "blocks": [...], "callback_id": "...", "private_metadata": "...",
        "state": {"values": {}}, "hash": "...", "external_id": "", "notify_on_close": false, "clear_on_close": false,
        "root_view_id": "V...", "previous_view_id": null, ...}

POST /_sandbox/slack/views/{view_id}/submit {persona, values: {block_id: {action_id: StateValue}}}
    -> {"ok": true, "response_action": null | "update" | "push" | "clear", "acked_ms": 9}
     | {"ok": false, "error": "validation", "errors": {block_id: "text beside the field"}, "response_action": "errors"}
     | {"ok": false, "error": "operation_timeout" | ...} and the modal stays open
    StateValue = what Slack has in view.state.values; `type` may be left out:
        plain_text_input, email_text_input, url_text_input, number_input      {"value": "x" | null}
        static_select, external_select, radio_buttons   {"selected_option": {"text": {...}, "value": "x"} | null}
        checkboxes, multi_static_select                 {"selected_options": [{...}, ...]}
        datepicker {"selected_date": "2025-01-31"}      timepicker {"selected_time": "13:37"}
        datetimepicker {"selected_date_time": 1700000000}
        users_select {"selected_user": "U.."}           multi_users_select {"selected_users": ["U..", ...]}
        channels_select {"selected_channel": "C.."}     conversations_select {"selected_conversation": "C.."}
    Fields not given keep their initial value. A required input left empty is refused here, as Slack's client does.

POST /_sandbox/slack/views/{view_id}/close {persona, clear?: false} -> {"ok": true}; `clear` closes the whole stack

POST /_sandbox/slack/home {persona} -> {"ok": true}: the app is told (app_home_opened) and not waited for
GET  /_sandbox/slack/home?persona= -> {"ok": true, "view": View | null}, as published for this person

GET /_sandbox/slack/calls?method=&since= -> {"ok": true, "calls": [{"method": "chat.postMessage", "at": 1700000000.123,
    "status": 200, "ok": true, "error": null, "ms": 0.8, "args": {...}}]} oldest first; `at` is the arrival in unix
    seconds, `since` leaves out what came before; the token is left out of `args`
GET /_sandbox/slack/deliveries -> {"ok": true, "deliveries": [{"kind": "events_api" | "interactive" | "slash_commands",
    "what": "app_mention", "at": 1700000000.123, "event_id": "Ev..." | null, "connection": "..." | null, "attempt": 0,
    "acked_ms": 12 | null, "error": null | "operation_timeout" | "dispatch_failed"}]}
GET /_sandbox/slack/files/{id} -> the bytes of an uploaded file: images with their type, all else as a download

POST /_sandbox/faults/slack {kind, count?, seconds?, match?} -> {"ok": true}
    `match` is a Web API method, all when absent; for duplicate_delivery it is an event type, `block_actions`,
    `view_submission`, `view_closed` or a command.
    rate_limited        the next `count` (1) calls answer 429 with Retry-After `seconds` (1)
    latency             `count` (all) calls wait `seconds` (1) before they are looked at
    down                calls answer 503 for `seconds` (until cleared), or `count` times; without match
                        sockets drop, too
    drop_socket         drops `count` (all) sockets without a word and lets none open for `seconds` (0)
    refresh_socket      asks `count` (all) sockets to reconnect, as Slack does every few hours
    duplicate_delivery  the next `count` (1) payloads are delivered twice (events: the same event_id, marked as a retry)
    lost_answer         the next `count` (1) calls take effect, but the connection breaks before the answer
GET /_sandbox/faults -> {"slack": [{"kind", "count", "seconds", "match"}]}   DELETE /_sandbox/faults -> {"ok": true}
    (sandbox/control.py answers both for every stand-in)
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.slack.acts import Acts
from sandbox.slack.errors import ControlError
from sandbox.slack.faults import KINDS
from sandbox.slack.messages import Message, reactions_of
from sandbox.slack.people import BOT_USER_ID
from sandbox.slack.shape import as_object
from sandbox.slack.state import slack_state
from sandbox.slack.state_values import Values
from sandbox.slack.stream import serve_stream
from sandbox.slack.workspace import Workspace

Body = dict[str, Any]
SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def install(app: web.Application, workspace: Workspace) -> None:
    """Add the routes of this module, but those that speak of every stand-in."""
    routes = _Routes(workspace)
    app.router.add_get("/_sandbox/stream", routes.stream)
    app.router.add_get("/_sandbox/slack/messages", _answer_query(routes.messages))
    app.router.add_post("/_sandbox/slack/messages", _answer_body(routes.write))
    app.router.add_post("/_sandbox/slack/actions", _answer_body(routes.click))
    app.router.add_post("/_sandbox/slack/commands", _answer_body(routes.command))
    app.router.add_get("/_sandbox/slack/views", _answer_query(routes.views))
    app.router.add_post("/_sandbox/slack/views/{view_id}/submit", _answer_body(routes.submit))
    app.router.add_post("/_sandbox/slack/views/{view_id}/close", _answer_body(routes.close))
    app.router.add_get("/_sandbox/slack/home", _answer_query(routes.home))
    app.router.add_post("/_sandbox/slack/home", _answer_body(routes.open_home))
    app.router.add_get("/_sandbox/slack/calls", _answer_query(routes.calls))
    app.router.add_get("/_sandbox/slack/deliveries", _answer_query(routes.deliveries))
    app.router.add_get("/_sandbox/slack/files/{id}", routes.file)
    app.router.add_post("/_sandbox/faults/slack", _answer_body(routes.fault))


def install_whole(app: web.Application, workspace: Workspace) -> None:
    """Add `/_sandbox/state` and `/_sandbox/faults` for a workspace that runs alone."""

    async def state(_: web.Request) -> web.Response:
        return web.json_response(slack_state(workspace))

    async def faults(_: web.Request) -> web.Response:
        return web.json_response({"slack": workspace.faults.listed()})

    async def clear(_: web.Request) -> web.Response:
        workspace.faults.clear()
        return web.json_response({"ok": True})

    app.router.add_get("/_sandbox/state", state)
    app.router.add_get("/_sandbox/faults", faults)
    app.router.add_delete("/_sandbox/faults", clear)


async def add_fault(workspace: Workspace, fault: Body) -> None:
    """Start a fault, as POST /_sandbox/faults/slack describes it.

    Raises:
        ControlError: `unknown_fault`, or `missing_argument` for a count or seconds that is no number.
    """
    kind, match = fault.get("kind"), fault.get("match")
    count, seconds = fault.get("count"), fault.get("seconds")
    if kind not in KINDS:
        raise ControlError("unknown_fault", known=sorted(KINDS))
    if not isinstance(count, int | None) or not isinstance(seconds, int | float | None):
        raise ControlError("missing_argument", argument="count, seconds")
    if kind == "refresh_socket":
        await workspace.sockets.refresh(count)
        return
    workspace.faults.add(kind, count=count, seconds=seconds, match=match)
    if kind == "drop_socket" or (kind == "down" and match is None):
        workspace.sockets.drop(count if kind == "drop_socket" else None)


class _Routes:
    """The routes' handlers: each takes a query or a body and gives the answer's fields."""

    def __init__(self, workspace: Workspace):
        self._workspace = workspace
        self._acts = Acts(workspace)

    async def messages(self, query: dict[str, str]) -> Body:
        channel, persona = _need(query, "channel"), query.get("persona")
        thread_ts, limit = query.get("thread_ts"), query.get("limit", "200")
        if channel not in self._workspace.channels:
            raise ControlError("channel_not_found")
        store = self._workspace.messages
        if thread_ts:
            found = store.thread(channel, thread_ts, persona=persona)
        else:
            found = store.top_level(channel, persona=persona)
        kept = found[-int(limit) :] if limit.isdigit() and int(limit) else found
        return {"messages": [self._shown(message) for message in kept]}

    def _shown(self, message: Message) -> Body:
        workspace = self._workspace
        api = workspace.api_message(message)
        return {
            "ts": message.ts,
            "channel": message.channel,
            "thread_ts": message.thread_ts,
            "user": message.user,
            "username": workspace.people[message.user].real_name,
            "is_bot": message.user == BOT_USER_ID,
            "text": message.text,
            "blocks": message.blocks,
            "edited": message.edited,
            "reply_count": api.get("reply_count", 0),
            "latest_reply": api.get("latest_reply"),
            "files": [
                {key: file[key] for key in ("id", "name", "title", "mimetype", "size", "alt_txt")}
                | {"url": f"/_sandbox/slack/files/{file['id']}"}
                for file in workspace.api_files(message)
            ],
            "reactions": reactions_of(message),
            "metadata": message.metadata,
            "ephemeral": message.is_ephemeral,
            "notice": message.notice,
        }

    async def write(self, body: Body, _: web.Request) -> Body:
        thread_ts = body.get("thread_ts") or None
        message = self._acts.write(_need(body, "persona"), _need(body, "channel"), str(body.get("text", "")), thread_ts)
        return {"ts": message.ts}

    async def click(self, body: Body, _: web.Request) -> Body:
        container = as_object(body.get("container"))
        if container is None:
            raise ControlError("missing_argument", argument="container")
        return {"acked_ms": await self._acts.click(_need(body, "persona"), container, body)}

    async def command(self, body: Body, _: web.Request) -> Body:
        persona, channel, text = _need(body, "persona"), _need(body, "channel"), _need(body, "text")
        return {"acked_ms": await self._acts.command(persona, channel, text, body.get("thread_ts") or None)}

    async def views(self, query: dict[str, str]) -> Body:
        person = self._acts.person(_need(query, "persona"))
        return {"views": [view.as_view() for view in self._workspace.views.stack(person.id)]}

    async def submit(self, body: Body, request: web.Request) -> Body:
        values: Values = as_object(body.get("values")) or {}
        done = await self._acts.submit(_need(body, "persona"), request.match_info["view_id"], values)
        return {"response_action": done.response_action, "acked_ms": done.acked_ms}

    async def close(self, body: Body, request: web.Request) -> Body:
        view_id = request.match_info["view_id"]
        await self._acts.close(_need(body, "persona"), view_id, clear=bool(body.get("clear")))
        return {}

    async def home(self, query: dict[str, str]) -> Body:
        view = self._workspace.views.home(self._acts.person(_need(query, "persona")).id)
        return {"view": None if view is None else view.as_view()}

    async def open_home(self, body: Body, _: web.Request) -> Body:
        self._acts.open_home(_need(body, "persona"))
        return {}

    async def calls(self, query: dict[str, str]) -> Body:
        try:
            since = float(query.get("since", "0"))
        except ValueError as error:
            raise ControlError("missing_argument", argument="since") from error
        calls = self._workspace.records.calls_of(query.get("method"), since)
        return {"calls": [call.as_json() for call in calls]}

    async def deliveries(self, _: dict[str, str]) -> Body:
        return {"deliveries": [delivery.as_json() for delivery in self._workspace.records.deliveries]}

    async def fault(self, body: Body, _: web.Request) -> Body:
        await add_fault(self._workspace, body)
        return {}

    async def stream(self, request: web.Request) -> web.StreamResponse:
        return await serve_stream(self._workspace.changes, request)

    async def file(self, request: web.Request) -> web.Response:
        file = self._workspace.files.get(request.match_info["id"])
        if file is None or file.content is None:
            raise web.HTTPNotFound
        if file.mimetype in SHOWN_INLINE:
            return web.Response(body=file.content, content_type=file.mimetype)
        headers = {"Content-Disposition": "attachment"}
        return web.Response(body=file.content, content_type="application/octet-stream", headers=headers)


def _need(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise ControlError("missing_argument", argument=name)
    return value


def _answer_query(
    handler: Callable[[dict[str, str]], Awaitable[Body]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            return web.json_response({"ok": True, **await handler(dict(request.query))})
        except ControlError as error:
            return web.json_response(error.body())

    return answer


def _answer_body(
    handler: Callable[[Body, web.Request], Awaitable[Body]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            given = as_object(await request.json())
        except ValueError:
            given = None
        if given is None:
            return web.json_response({"ok": False, "error": "invalid_json"}, status=400)
        try:
            return web.json_response({"ok": True, **await handler(given, request)})
        except ControlError as error:
            return web.json_response(error.body())

    return answer
