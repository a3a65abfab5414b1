"""views.*: modals and homes."""

from typing import Any

from sandbox.slack.errors import ApiError
from sandbox.slack.view_rules import check_view
from sandbox.slack.views import View
from sandbox.slack.web_api.call import Call, Method


def _spec(call: Call, kind: str) -> dict[str, Any]:
    return check_view(call.json("view"), kind, call.workspace.files.is_shown)


def _done(call: Call, view: View) -> dict[str, Any]:
    call.workspace.changes.publish("home" if view.spec["type"] == "home" else "views", user=view.user)
    return {"view": view.as_view()}


def open_view(call: Call) -> dict[str, Any]:
    """views.open. A view that is refused does not use up its trigger id."""
    spec = _spec(call, "modal")
    trigger = call.workspace.triggers.exchange(call.need("trigger_id"))
    return _done(call, call.workspace.views.open(trigger.user, spec))


def push(call: Call) -> dict[str, Any]:
    """views.push: only with a trigger id that came from a modal."""
    spec = _spec(call, "modal")
    trigger = call.workspace.triggers.exchange(call.need("trigger_id"))
    if trigger.view_id is None:
        raise ApiError("not_found")
    return _done(call, call.workspace.views.push(trigger.user, spec))


def update(call: Call) -> dict[str, Any]:
    """views.update, by view id or external id."""
    view_id, external_id = call.text("view_id"), call.text("external_id")
    if not view_id and not external_id:
        raise ApiError("invalid_arguments", messages=["missing required field: view_id"])
    views = call.workspace.views
    view = views.find(view_id) if view_id else views.by_external_id(str(external_id))
    if view is None:
        raise ApiError("not_found")
    views.update(view, _spec(call, view.spec["type"]), call.text("hash"))
    return _done(call, view)


def publish(call: Call) -> dict[str, Any]:
    """views.publish."""
    user = call.need("user_id")
    if user not in call.workspace.people:
        raise ApiError("user_not_found")
    return _done(call, call.workspace.views.publish(user, _spec(call, "home"), call.text("hash")))


METHODS = {
    "views.open": Method(open_view, None, 4),
    "views.push": Method(push, None, 4),
    "views.update": Method(update, None, 4),
    "views.publish": Method(publish, None, 4),
}
