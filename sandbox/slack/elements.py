"""Block elements: which there are, what they must have, and where they may stand."""

from collections.abc import Callable

from sandbox.slack.composition import PLAIN, FileCheck, check_confirm, check_image, check_option, check_text
from sandbox.slack.schema import Node

SELECTS = frozenset({"static_select", "external_select", "users_select", "conversations_select", "channels_select"})
MULTI_SELECTS = frozenset(f"multi_{kind}" for kind in SELECTS)
PICKERS = frozenset({"datepicker", "timepicker", "datetimepicker"})
CHOICES = frozenset({"radio_buttons", "checkboxes"})
TYPED = frozenset(
    {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input"}
)

IN_SECTION = SELECTS | MULTI_SELECTS | CHOICES | {"button", "image", "overflow", "datepicker", "timepicker"}
IN_ACTIONS = SELECTS | MULTI_SELECTS | PICKERS | CHOICES | {"button", "overflow", "workflow_button"}
IN_INPUT = SELECTS | MULTI_SELECTS | PICKERS | CHOICES | TYPED
IN_CONTEXT_ACTIONS = frozenset({"feedback_buttons", "icon_button"})

_INITIAL = {
    "static_select": "initial_option",
    "external_select": "initial_option",
    "users_select": "initial_user",
    "conversations_select": "initial_conversation",
    "channels_select": "initial_channel",
    "datepicker": "initial_date",
    "timepicker": "initial_time",
    "datetimepicker": "initial_date_time",
}


def check_element(node: Node, allowed: frozenset[str], is_file: FileCheck) -> None:
    """Check one element; `allowed` is what its block takes."""
    check = _CHECKS.get(node.type)
    if check is None or node.type not in allowed:
        node.reject(f"unsupported type: {node.type}" if node.has("type") else "missing required field: type", "type")
        return
    if node.type == "image":
        node.fields(required=("type", "alt_text"), optional=("image_url", "slack_file"))
        check_image(node, is_file)
        return
    node.string("action_id", 255)
    check_confirm(node)
    check(node)


def _button(node: Node) -> None:
    node.fields(
        required=("type", "text"),
        optional=("action_id", "url", "value", "style", "confirm", "accessibility_label", "agent_prompt"),
    )
    check_text(node, "text", 75, kinds=PLAIN)
    node.string("url", 3000)
    node.string("value", 2000)
    node.string("accessibility_label", 75)
    node.string("agent_prompt", 4000)
    node.one_of("style", ("primary", "danger"))


def _workflow_button(node: Node) -> None:
    node.fields(required=("type", "text", "workflow"), optional=("action_id", "style", "accessibility_label"))
    check_text(node, "text", 75, kinds=PLAIN)


def _overflow(node: Node) -> None:
    node.fields(required=("type", "options"), optional=("action_id", "confirm"))
    options = node.items("options", 5)
    for option in options:
        check_option(option, url=True)
    node.unique("value", options)


def _select(node: Node) -> None:
    multi = node.type.startswith("multi_")
    kind = node.type.removeprefix("multi_")
    initial = f"{_INITIAL[kind]}s" if multi else _INITIAL[kind]
    optional = ["action_id", "placeholder", "confirm", "focus_on_load", initial]
    optional += ["max_selected_items"] if multi else ["response_url_enabled"]
    if kind == "static_select":
        optional += ["options", "option_groups"]
        if node.has("options") == node.has("option_groups"):
            node.reject("must provide exactly one of options or option_groups")
    elif kind == "external_select":
        optional.append("min_query_length")
    elif kind == "conversations_select":
        optional += ["filter", "default_to_current_conversation"]
    node.fields(required=("type",), optional=optional)
    check_text(node, "placeholder", 150, kinds=PLAIN)
    _options(node, 100)
    for group in node.items("option_groups", 100):
        group.fields(required=("label", "options"))
        check_text(group, "label", 75, kinds=PLAIN)
        _options(group, 100)


def _options(node: Node, limit: int) -> None:
    options = node.items("options", limit)
    for option in options:
        check_option(option)
    node.unique("value", options)


def _choices(node: Node) -> None:
    initial = "initial_options" if node.type == "checkboxes" else "initial_option"
    node.fields(required=("type", "options"), optional=("action_id", "confirm", "focus_on_load", initial))
    options = node.items("options", 10)
    for option in options:
        check_option(option, kinds=("plain_text", "mrkdwn"))
    node.unique("value", options)


def _picker(node: Node) -> None:
    node.fields(
        required=("type",),
        optional=("action_id", "placeholder", "confirm", "focus_on_load", "timezone", _INITIAL[node.type]),
    )
    check_text(node, "placeholder", 150, kinds=PLAIN)


def _typed(node: Node) -> None:
    optional = ["action_id", "placeholder", "initial_value", "focus_on_load", "dispatch_action_config"]
    required = ["type"]
    if node.type == "plain_text_input":
        optional += ["multiline", "min_length", "max_length"]
    elif node.type == "number_input":
        required.append("is_decimal_allowed")
        optional += ["min_value", "max_value"]
    elif node.type == "file_input":
        optional = ["action_id", "filetypes", "max_files"]
    node.fields(required=required, optional=optional)
    check_text(node, "placeholder", 150, kinds=PLAIN)
    node.flag("multiline", "focus_on_load", "is_decimal_allowed")
    if node.type == "plain_text_input":
        node.string("initial_value", 3000, minimum=0)
    for key in ("min_length", "max_length"):
        limit = node.value.get(key)
        if limit is not None and not (isinstance(limit, int) and 0 <= limit <= 3000):
            node.reject("must be an integer between 0 and 3000", key)


def _feedback_buttons(node: Node) -> None:
    node.fields(required=("type", "positive_button", "negative_button"), optional=("action_id",))
    for key in ("positive_button", "negative_button"):
        button = node.child(key)
        if button is not None:
            button.fields(required=("text", "value"), optional=("accessibility_label",))
            check_text(button, "text", 75, kinds=PLAIN)
            button.string("value", 2000)
            button.string("accessibility_label", 75)


def _icon_button(node: Node) -> None:
    node.fields(
        required=("type", "icon", "text"),
        optional=("action_id", "value", "confirm", "accessibility_label", "visible_to_user_ids"),
    )
    node.one_of("icon", ("trash",))
    check_text(node, "text", 75, kinds=PLAIN)
    node.string("value", 2000)


def _image(node: Node) -> None:
    """Images are no interactive element; `check_element` sees to them itself."""


_CHECKS: dict[str, Callable[[Node], None]] = {
    "button": _button,
    "workflow_button": _workflow_button,
    "overflow": _overflow,
    "image": _image,
    "feedback_buttons": _feedback_buttons,
    "icon_button": _icon_button,
    **dict.fromkeys(SELECTS | MULTI_SELECTS, _select),
    **dict.fromkeys(PICKERS, _picker),
    **dict.fromkeys(CHOICES, _choices),
    **dict.fromkeys(TYPED, _typed),
}
