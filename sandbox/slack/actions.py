"""One entry of a payload's `actions`: what was clicked, and with which value."""

from typing import Any

from sandbox.slack.blocks import elements_of
from sandbox.slack.errors import ControlError
from sandbox.slack.shape import as_array
from sandbox.slack.state_values import value_key


def action_of(blocks: list[dict[str, Any]], request: dict[str, Any], action_ts: str) -> dict[str, Any]:
    """The action a request of the control API asks for.

    An element that is not in `blocks` (any more) makes a button all the same: a forged or stale click.
    """
    action_id = request.get("action_id")
    if not isinstance(action_id, str):
        raise ControlError("missing_argument", argument="action_id")
    block_id = request.get("block_id")
    for block in blocks:
        if block_id not in (None, block["block_id"]):
            continue
        for element in elements_of(block):
            if element.get("action_id") == action_id:
                return _action(element, block["block_id"], request) | {"action_ts": action_ts}
    forged: dict[str, Any] = {"type": "button", "text": {"type": "plain_text", "text": "?", "emoji": True}}
    return _action(forged | {"action_id": action_id}, block_id or "forged", request) | {"action_ts": action_ts}


def _action(element: dict[str, Any], block_id: str, request: dict[str, Any]) -> dict[str, Any]:
    kind = element["type"]
    action: dict[str, Any] = {"action_id": element["action_id"], "block_id": block_id, "type": kind}
    if kind == "feedback_buttons":
        return action | _feedback(element, request)
    if kind in ("button", "icon_button", "workflow_button"):
        action["text"] = element["text"]
        action |= {key: element[key] for key in ("value", "style", "url", "icon", "confirm") if key in element}
        if "value" in request:
            action["value"] = request["value"]
        return action
    key = "selected_option" if kind == "overflow" else value_key(kind)
    chosen = request.get(key, request.get("value"))
    many = as_array(chosen) or []
    action[key] = [_option(element, one) for one in many] if key.endswith("s") else _option(element, chosen)
    return action


def _feedback(element: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    buttons: list[dict[str, Any]] = [element["positive_button"], element["negative_button"]]
    value = request.get("value", buttons[0]["value"])
    text = next((button["text"] for button in buttons if button["value"] == value), buttons[0]["text"])
    return {"text": text, "value": value}


def _option(element: dict[str, Any], chosen: Any) -> Any:
    """An option given by its value alone becomes the option object of the element; all else stays as given."""
    groups: list[dict[str, Any]] = element.get("option_groups", [])
    options = [*element.get("options", []), *(option for group in groups for option in group["options"])]
    if not isinstance(chosen, str) or not options:
        return chosen
    return next((option for option in options if option.get("value") == chosen), {"value": chosen})
