"""What a person has filled in: `state.values` of a message or view, and the checks Slack's client makes of it."""

from typing import Any

from sandbox.slack.blocks import elements_of

Values = dict[str, dict[str, Any]]

_BUTTONS = frozenset({"button", "overflow", "workflow_button", "feedback_buttons", "icon_button"})
_VALUE_KEYS: dict[str, tuple[str, str]] = {
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", "files"),
}
REQUIRED = "Please complete this required field."


def value_key(element_type: str) -> str:
    """The field of a state value that holds what was chosen or typed."""
    return _VALUE_KEYS.get(element_type, ("value", ""))[0]


def is_input(element: dict[str, Any]) -> bool:
    """Whether an element holds a state; buttons and menus do not."""
    return element.get("type") not in _BUTTONS


def current_values(blocks: list[dict[str, Any]], given: Values) -> Values:
    """The state of all inputs: what was given, else what an input starts with."""
    values: Values = {}
    for block in blocks:
        for element in elements_of(block):
            if not is_input(element):
                continue
            block_id, action_id, kind = block["block_id"], element["action_id"], element["type"]
            key, initial = _VALUE_KEYS.get(kind, ("value", "initial_value"))
            start = element.get(initial, [] if key.endswith("s") else None)
            filled = given.get(block_id, {}).get(action_id, {})
            values.setdefault(block_id, {})[action_id] = {"type": kind, key: start} | filled
    return values


def input_errors(blocks: list[dict[str, Any]], values: Values) -> dict[str, str]:
    """Complaints by block id that Slack's client shows without asking the app."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        value = values[block["block_id"]][element["action_id"]].get(value_key(element["type"]))
        complaint = _complaint(block, element, value)
        if complaint is not None:
            errors[block["block_id"]] = complaint
    return errors


def _complaint(block: dict[str, Any], element: dict[str, Any], value: Any) -> str | None:
    if value in (None, "", []):
        return None if block.get("optional") else REQUIRED
    if element["type"] == "plain_text_input":
        return _length_complaint(element, str(value))
    if element["type"] == "number_input":
        return _number_complaint(element, str(value))
    return None


def _length_complaint(element: dict[str, Any], text: str) -> str | None:
    if len(text) < element.get("min_length", 0):
        return f"Use at least {element['min_length']} characters."
    if len(text) > element.get("max_length", 3000):
        return f"Use at most {element.get('max_length', 3000)} characters."
    return None


def _number_complaint(element: dict[str, Any], text: str) -> str | None:
    try:
        number = float(text)
    except ValueError:
        return "Use a number."
    if not element.get("is_decimal_allowed") and number != int(number):
        return "Use a whole number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and number < float(low):
        return f"Use a number of at least {low}."
    if high is not None and number > float(high):
        return f"Use a number of at most {high}."
    return None
