"""The small objects that elements and blocks are composed of: texts, options, confirmations, images."""

from collections.abc import Callable, Collection

from sandbox.slack.schema import Node

BOTH = ("plain_text", "mrkdwn")
PLAIN = ("plain_text",)
FileCheck = Callable[[str], bool]


def check_text(node: Node, key: str, limit: int, *, kinds: Collection[str] = BOTH, minimum: int = 1) -> None:
    """The text object in a field, if there."""
    text = node.child(key)
    if text is not None:
        check_text_object(text, limit, kinds=kinds, minimum=minimum)


def check_text_object(text: Node, limit: int, *, kinds: Collection[str] = BOTH, minimum: int = 1) -> None:
    """A text object: plain_text may have `emoji`, mrkdwn may have `verbatim`."""
    if text.type not in kinds:
        text.reject(f"unsupported type: {text.type}" if text.has("type") else "missing required field: type", "type")
        return
    extra = "emoji" if text.type == "plain_text" else "verbatim"
    text.fields(required=("type", "text"), optional=(extra,))
    text.flag(extra)
    text.string("text", limit, minimum=minimum)


def check_confirm(node: Node) -> None:
    """The confirmation dialog of an element, if there."""
    confirm = node.child("confirm")
    if confirm is None:
        return
    confirm.fields(required=("title", "text", "confirm", "deny"), optional=("style",))
    check_text(confirm, "title", 100, kinds=PLAIN)
    check_text(confirm, "text", 300)
    check_text(confirm, "confirm", 30, kinds=PLAIN)
    check_text(confirm, "deny", 30, kinds=PLAIN)
    confirm.one_of("style", ("primary", "danger"))


def check_option(option: Node, *, kinds: Collection[str] = PLAIN, url: bool = False) -> None:
    """One option of a menu, of radio buttons or of checkboxes."""
    option.fields(required=("text", "value"), optional=("description", "url") if url else ("description",))
    check_text(option, "text", 75, kinds=kinds)
    option.string("value", 150)
    check_text(option, "description", 75, kinds=kinds)
    option.string("url", 3000)


def check_image(node: Node, is_file: FileCheck) -> None:
    """`alt_text` and exactly one of `image_url` and `slack_file`; the file has to be there already."""
    node.string("alt_text", 2000)
    node.string("image_url", 3000)
    if node.has("image_url") == node.has("slack_file"):
        node.reject("must provide exactly one of image_url or slack_file")
    file = node.child("slack_file")
    if file is None:
        return
    file.fields(optional=("id", "url"))
    file_id = str(file.value.get("id") or str(file.value.get("url", "")).rpartition("/")[2])
    if not is_file(file_id):
        file.reject("invalid slack file", "id" if file.has("id") else "url")
