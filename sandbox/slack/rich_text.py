"""Rich text: sections, lists, quotes and preformatted parts, and what may stand in them."""

from sandbox.slack.schema import Node

_LEAVES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "text": (("text",), ("style",)),
    "link": (("url",), ("text", "unsafe", "style")),
    "emoji": (("name",), ("skin_tone", "unicode", "style")),
    "user": (("user_id",), ("style",)),
    "usergroup": (("usergroup_id",), ("style",)),
    "channel": (("channel_id",), ("style",)),
    "team": (("team_id",), ("style",)),
    "broadcast": (("range",), ("style",)),
    "date": (("timestamp", "format"), ("url", "fallback", "style")),
    "color": (("value",), ("style",)),
}
_STYLES = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
MANY = 1000


def check_rich_text(node: Node) -> None:
    """A rich_text object: a block, or the details of a task, or a cell of a table."""
    node.fields(required=("type", "elements"), optional=("block_id",))
    for part in node.items("elements", MANY, minimum=0):
        _check_part(part)


def _check_part(part: Node) -> None:
    match part.type:
        case "rich_text_section":
            part.fields(required=("type", "elements"))
        case "rich_text_quote":
            part.fields(required=("type", "elements"), optional=("border",))
        case "rich_text_preformatted":
            part.fields(required=("type", "elements"), optional=("border", "language"))
        case "rich_text_list":
            part.fields(required=("type", "elements", "style"), optional=("indent", "offset", "border"))
            part.one_of("style", ("bullet", "ordered"))
            for item in part.items("elements", MANY):
                if item.type != "rich_text_section":
                    item.reject(f"unsupported type: {item.type}", "type")
                else:
                    _check_part(item)
            return
        case _:
            part.reject(f"unsupported type: {part.type}", "type")
            return
    for leaf in part.items("elements", MANY, minimum=0):
        _check_leaf(leaf)


def _check_leaf(leaf: Node) -> None:
    fields = _LEAVES.get(leaf.type)
    if fields is None:
        leaf.reject(f"unsupported type: {leaf.type}", "type")
        return
    required, optional = fields
    leaf.fields(required=("type", *required), optional=optional)
    if leaf.type == "text":
        # Slack refuses an empty text here, which is easy to send by accident.
        leaf.string("text", 40_000)
    style = leaf.child("style")
    if style is not None:
        style.fields(optional=_STYLES)
        style.flag(*_STYLES)
