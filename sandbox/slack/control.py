"""The control API of the workspace: what a person does, and what a person sees.

Every route is under `/_sandbox/`, speaks JSON, and is guarded by `sandbox.guard` (loopback Host; `Authorization: Bearer <token>`
or the cookie `agentops_sandbox` that opening `/?token=<token>` sets). A refusal of the guard is 401 or 403 with
`{"ok": false, "error": "unauthorized" | "forbidden_host" | "forbidden_origin"}`. Anything below that fails answers HTTP 200 with
`{"ok": false, "error": "<word>"}`, except a body that is not a JSON object: 400 `{"ok": false, "error": "invalid_json"}`.
Words: `unknown_persona`, `channel_not_found`, `not_in_channel`, `message_not_found`, `view_not_found`, `no_text`, `missing_argument`,
`unknown_command`, `operation_timeout` (the app did not ack in 3 s), `dispatch_failed` (no socket is connected, or the request URL
refused), `invalid_view_response`, `invalid_errors_response`, `invalid_command_response`, `unknown_fault`.

GET /_sandbox/state -> (sandbox/app.py adds the world's fields: speed, scenario, prometheus, ready)
    {"team": {"id": "TSANDBOX", "name": "Sandbox", "domain": "sandbox"},
     "bot": {"user_id": "UAGENTOPS", "bot_id": "BAGENTOPS", "app_id": "AAGENTOPS", "name": "agentops", "real_name": "AgentOps"},
     "mode": "socket" | "http", "connections": 1,
     "personas": [{"id": "UONCALL", "name": "oncall", "real_name": "On-call approver", "team_id": "TSANDBOX", "is_restricted": false,
                   "is_stranger": false, "groups": ["ml-oncall"], "dm": "DONCALL", "channels": ["CINCIDENTS", ...]}],
     "channels": [{"id": "CINCIDENTS", "name": "ml-incidents", "topic": "...", "bot_is_member": true, "members": ["UONCALL", ...]}],
     "user_groups": [{"id": "SMLONCALL", "handle": "ml-oncall", "name": "ML on call", "users": ["UONCALL", "USECOND"]}],
     "commands": [{"command": "/agentops", "description": "...", "usage_hint": "...",
                   "completions": [{"text": "/agentops status ", "hint": "[model]", "description": "..."}]}]}
    A persona's `dm` is the channel id of the direct messages between it and the app (not in `channels`).

GET /_sandbox/stream -> text/event-stream. First `data: {"type": "hello"}`, then one per change:
    data: {"type": "changed", "what": "messages" | "ephemerals" | "views" | "home" | "connections" | "world",
           "channel": "C..." | null, "thread_ts": "..." | null, "user": "U..." | null}
    `user` is set for ephemerals, views and home: whose they are. A comment line (`: alive`) every 15 s. Read the state again on reconnect.

GET /_sandbox/slack/messages?channel=&thread_ts=&persona=&limit= -> {"ok": true, "messages": [Message, ...]} oldest first. Top level
    when thread_ts is absent, else the parent followed by its replies. With persona: that person's ephemerals of the place too, in order.
    `limit` keeps the newest N (default 200).
    Message = {"ts": "1700000000.000100", "channel": "CINCIDENTS", "thread_ts": "..." | null, "user": "UAGENTOPS", "username": "AgentOps",
               "is_bot": true, "text": "mrkdwn, escaped as Slack sends it (&amp; &lt; &gt; <@U..>)", "blocks": [Block, ...],
               "edited": {"user": "U...", "ts": "..."} | null, "reply_count": 0, "latest_reply": "..." | null,
               "files": [{"id": "F...", "name": "psi.png", "title": "...", "mimetype": "image/png", "size": 123, "alt_txt": "...",
                          "url": "/_sandbox/slack/files/F..."}],
               "reactions": [{"name": "eyes", "count": 1, "users": ["U..."]}], "metadata": {...} | null, "ephemeral": false,
               "notice": false}
    An ephemeral has "ephemeral": true. A Slackbot notice of a failure (`/agentops failed with the error "operation_timeout"`) is an
    ephemeral with "notice": true and user "USLACKBOT". Every block has a block_id and every interactive element an action_id: where the
    app gave none, one was made up, as Slack does. Images: `image_url`, or `slack_file: {"id": "F..."}` -> /_sandbox/slack/files/F...

POST /_sandbox/slack/messages {persona, channel, thread_ts?, text} -> {"ok": true, "ts": "..."}
    `@agentops` in the text becomes `<@UAGENTOPS>`; & < > of a person's text are escaped as Slack does (mentions `<@U..>`, `<#C..>` are kept).
    Does not wait for the app. A text that starts with "/" is not a command here: use /commands.

POST /_sandbox/slack/actions
    {persona, container: {"channel": "C...", "ts": "..."} | {"view_id": "V..."}, action_id, block_id?,
     value?,                 button, feedback_buttons ("value" of the button chosen), plain_text_input with dispatch_action
     selected_option?,       static_select, radio_buttons, overflow: the option object {"text": {...}, "value": "..."}, or its value alone
     selected_options?,      checkboxes, multi_static_select: list of option objects, or of values
     selected_date? selected_time? selected_user? selected_conversation? selected_channel? ...
     state?: {block_id: {action_id: StateValue}}}   what the person has filled in so far in that message or view
    -> {"ok": true, "acked_ms": 12} | {"ok": false, "error": "operation_timeout", "acked_ms": null}
    The element is looked up in the message (an ephemeral too) or view as it is now; what is not there, or any more, is sent all the same, as
    a button with the value given: a forged or stale click. A `value` given overrides the button's own.

POST /_sandbox/slack/commands {persona, channel, thread_ts?, text: "/agentops status"} -> {"ok": true, "acked_ms": 8} | {"ok": false, "error"}
    What the app answers in its ack appears as an ephemeral (or a message, response_type in_channel) in the channel.

GET /_sandbox/slack/views?persona= -> {"ok": true, "views": [View, ...]} the person's open modals, the last on top
    View = {"id": "V...", "type": "modal", "title": {"type": "plain_text", "text": "..."}, "submit": {...} | null, "close": {...} | null,
            "blocks": [...], "callback_id": "...", "private_metadata": "...", "state": {"values": {}}, "hash": "...", "external_id": "",
            "notify_on_close": false, "clear_on_close": false, "root_view_id": "V...", "previous_view_id": null, ...}

POST /_sandbox/slack/views/{view_id}/submit {persona, values: {block_id: {action_id: StateValue}}}
    -> {"ok": true, "response_action": null | "update" | "push" | "clear", "acked_ms": 9}
     | {"ok": false, "error": "validation", "errors": {block_id: "text beside the field"}, "response_action": "errors"}
     | {"ok": false, "error": "operation_timeout" | ...}     the modal stays open
    StateValue = what Slack puts into view.state.values:
        plain_text_input, email_text_input, url_text_input, number_input  {"type": "plain_text_input", "value": "text" | null}
        static_select, radio_buttons, external_select  {"type": "...", "selected_option": {"text": {...}, "value": "x"} | null}
        checkboxes, multi_static_select   {"type": "...", "selected_options": [{...}, ...]}
        datepicker {"selected_date": "2025-01-31"}  timepicker {"selected_time": "13:37"}  datetimepicker {"selected_date_time": 1700000000}
        users_select {"selected_user": "U.."}  channels_select {"selected_channel": "C.."}  conversations_select
        {"selected_conversation": "C.."}  multi_users_select {"selected_users": [..]} and so on. `type` may be left out.
    Fields not given keep their initial value. A required input left empty is refused here, as Slack's client does, and never sent.

POST /_sandbox/slack/views/{view_id}/close {persona, clear?: false} -> {"ok": true}   `clear`: close the whole stack

POST /_sandbox/slack/home {persona} -> {"ok": true}       tells the app (app_home_opened) and does not wait for it
GET  /_sandbox/slack/home?persona= -> {"ok": true, "view": View | null}   the home tab as published for this person

GET /_sandbox/slack/calls?method=&since= -> {"ok": true, "calls": [{"method": "chat.postMessage", "at": 1700000000.123, "status": 200, "ok": true,
    "error": null, "ms": 0.8, "args": {...without the token}}]} oldest first; `at` is when the request arrived, in unix seconds
GET /_sandbox/slack/deliveries -> {"ok": true, "deliveries": [{"kind": "events_api" | "interactive" | "slash_commands", "what": "app_mention",
    "at": ..., "event_id": "Ev..." | null, "connection": "..." | null, "attempt": 0, "acked_ms": 12 | null, "error": null | "operation_timeout"}]}
GET /_sandbox/slack/files/{id} -> the bytes of an uploaded file (images with their type, all else as a download), 404 if unknown

POST /_sandbox/faults/slack {kind, count?, seconds?, match?} -> {"ok": true}; `match`: a Web API method, or absent for all
    rate_limited        the next `count` (1) calls answer 429 with Retry-After `seconds` (1)
    latency             `count` (all) calls wait `seconds` (1) before they are answered
    down                calls answer 503 for `seconds` (until deleted), or `count` times; without match sockets drop and none may open
    drop_socket         drops `count` (all) sockets without a word and lets none open for `seconds` (0)
    refresh_socket      asks `count` (all) sockets to reconnect, as Slack does every few hours, then closes them
    duplicate_delivery  the next `count` (1) payloads are delivered twice (events: same event_id, marked as a retry)
    lost_answer         the next `count` (1) calls take effect, but the connection breaks before the answer
GET /_sandbox/faults -> {"slack": [{"kind", "count", "seconds", "match"}]}   DELETE /_sandbox/faults -> {"ok": true}
    (both are put together for every stand-in by sandbox/app.py)
"""
