"""Block validation: what Slack refuses, refused here with the same error and pointers.

The limits are Slack's published ones, plus those measured: about 13,200 characters of text in all blocks of
a message
(`msg_blocks_too_long`) and 12,000 in all its markdown blocks. `data_visualization`, `call`, `auth_provider`
and workflow steps are not
sent by this project and count as unknown types, which Slack refuses too.
"""

import secrets
from collections.abc import Callable, Iterator
from typing import Any, Literal

from sandbox.slack.composition import PLAIN, FileCheck, check_image, check_text, check_text_object
from sandbox.slack.elements import IN_ACTIONS, IN_CONTEXT_ACTIONS, IN_INPUT, IN_SECTION, check_element
from sandbox.slack.errors import ApiError
from sandbox.slack.rich_text import check_rich_text
from sandbox.slack.schema import Node
from sandbox.slack.shape import as_array, as_object

Surface = Literal["message", "modal", "home"]
Check = Callable[[Node, FileCheck], None]

MAX_BLOCKS: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}
MAX_TEXT_OF_BLOCKS = 13_200
MAX_MARKDOWN = 12_000
MESSAGE: frozenset[Surface] = frozenset({"message"})
MODAL: frozenset[Surface] = frozenset({"modal"})
ANYWHERE: frozenset[Surface] = frozenset({"message", "modal", "home"})
_TEXT_KEYS = frozenset({"text", "title", "subtitle", "body", "alt_text", "label", "hint", "placeholder"})


def check_message_blocks(blocks: Any, is_file: FileCheck) -> list[dict[str, Any]]:
    """The blocks of a message, with ids made up where they have none.

    Raises:
        ApiError: `invalid_blocks_format`, `invalid_blocks` or `msg_blocks_too_long`.
    """
    checked = as_array(blocks)
    if checked is None:
        raise ApiError("invalid_blocks_format")
    problems = block_problems(checked, "message", is_file)
    if problems:
        raise ApiError("invalid_blocks", messages=problems)
    if sum(len(text) for text in texts_of(checked)) > MAX_TEXT_OF_BLOCKS:
        raise ApiError("msg_blocks_too_long")
    return [with_ids(block) for block in checked]


def block_problems(blocks: list[Any], surface: Surface, is_file: FileCheck, pointer: str = "") -> list[str]:
    """Everything Slack would find wrong with these blocks; empty when nothing is."""
    problems: list[str] = []
    root = Node({"blocks": blocks}, pointer, problems)
    nodes = root.items("blocks", MAX_BLOCKS[surface], minimum=0)
    for node in nodes:
        _check_block(node, surface, is_file)
    root.unique("block_id", nodes)
    if sum(node.type == "table" for node in nodes) > 1:
        root.reject("only one table is allowed", "blocks")
    if sum(len(str(node.value.get("text", ""))) for node in nodes if node.type == "markdown") > MAX_MARKDOWN:
        root.reject(f"markdown blocks must be less than {MAX_MARKDOWN + 1} characters together", "blocks")
    return problems


def _check_block(node: Node, surface: Surface, is_file: FileCheck) -> None:
    if not node.has("type"):
        node.reject("missing required field: type")
        return
    known = _BLOCKS.get(node.type)
    if known is None or surface not in known[0]:
        node.reject(f"unsupported type: {node.type}", "type")
        return
    node.string("block_id", 255)
    known[1](node, is_file)


def _section(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type",), optional=("block_id", "text", "fields", "accessory", "expand"))
    if not node.has("text") and not node.has("fields"):
        node.reject("must provide at least one of text or fields")
    check_text(node, "text", 3000)
    for field in node.items("fields", 10):
        check_text_object(field, 2000)
    accessory = node.child("accessory")
    if accessory is not None:
        check_element(accessory, IN_SECTION, is_file)
    node.flag("expand")


def _header(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type", "text"), optional=("block_id",))
    check_text(node, "text", 150, kinds=PLAIN)


def _divider(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type",), optional=("block_id",))


def _image(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type", "alt_text"), optional=("block_id", "image_url", "slack_file", "title"))
    check_image(node, is_file)
    check_text(node, "title", 2000, kinds=PLAIN)


def _context(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type", "elements"), optional=("block_id",))
    for element in node.items("elements", 10):
        if element.type == "image":
            check_element(element, frozenset({"image"}), is_file)
        else:
            check_text_object(element, 3000)


def _actions(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type", "elements"), optional=("block_id",))
    elements = node.items("elements", 25)
    for element in elements:
        check_element(element, IN_ACTIONS, is_file)
    node.unique("action_id", elements)


def _context_actions(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type", "elements"), optional=("block_id",))
    elements = node.items("elements", 5)
    for element in elements:
        check_element(element, IN_CONTEXT_ACTIONS, is_file)
    node.unique("action_id", elements)


def _input(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type", "label", "element"), optional=("block_id", "hint", "optional", "dispatch_action"))
    check_text(node, "label", 2000, kinds=PLAIN)
    check_text(node, "hint", 2000, kinds=PLAIN)
    node.flag("optional", "dispatch_action")
    element = node.child("element")
    if element is not None:
        check_element(element, IN_INPUT, is_file)


def _rich_text(node: Node, is_file: FileCheck) -> None:
    check_rich_text(node)


def _markdown(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type", "text"), optional=("block_id",))
    node.string("text", MAX_MARKDOWN)


def _table(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type", "rows"), optional=("block_id", "column_settings"))
    for setting in node.items("column_settings", 20):
        setting.fields(optional=("align", "is_wrapped"))
        setting.one_of("align", ("left", "center", "right"))
        setting.flag("is_wrapped")
    rows = as_array(node.value.get("rows")) or []
    if not 1 <= len(rows) <= 100:
        node.reject("no more than 100 items allowed" if rows else "no fewer than 1 items allowed", "rows")
    for index, cells in enumerate(rows):
        row = Node({str(index): cells}, f"{node.pointer}/rows", node.problems)
        for cell in row.items(str(index), 20):
            _cell(cell)


def _cell(cell: Node) -> None:
    match cell.type:
        case "raw_text":
            cell.fields(required=("type", "text"))
            cell.string("text", 3000)
        case "raw_number":
            cell.fields(required=("type", "value"), optional=("text",))
        case "rich_text":
            check_rich_text(cell)
        case _:
            cell.reject(f"unsupported type: {cell.type}", "type")


def _task_card(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type", "task_id", "title"), optional=("block_id", "details", "output", "sources", "status"))
    node.string("task_id", 255)
    node.string("title", 256)
    node.one_of("status", ("pending", "in_progress", "complete", "error"))
    for key in ("details", "output"):
        rich = node.child(key)
        if rich is not None:
            check_rich_text(rich)
    for source in node.items("sources", 20, minimum=0):
        source.fields(required=("type", "url", "text"))
        source.one_of("type", ("url",))
        source.string("url", 3000)
        source.string("text", 256)


def _plan(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type", "title"), optional=("block_id", "tasks"))
    node.string("title", 256)
    tasks = node.items("tasks", 50, minimum=0)
    for task in tasks:
        if task.type != "task_card":
            task.reject(f"unsupported type: {task.type}", "type")
        else:
            _task_card(task, is_file)
    node.unique("task_id", tasks)


def _alert(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type", "text"), optional=("block_id", "level"))
    check_text(node, "text", 3000)
    node.one_of("level", ("default", "info", "warning", "error", "success"))


def _card(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type",), optional=("block_id", "hero_image", "icon", "title", "subtitle", "body", "actions"))
    if not any(node.has(key) for key in ("hero_image", "title", "actions", "body")):
        node.reject("must provide at least one of hero_image, title, actions or body")
    check_text(node, "title", 150)
    check_text(node, "subtitle", 150)
    check_text(node, "body", 200)
    for key in ("hero_image", "icon"):
        image = node.child(key)
        if image is not None:
            check_element(image, frozenset({"image"}), is_file)
    for element in node.items("actions", 5):
        check_element(element, frozenset({"button"}), is_file)


def _carousel(node: Node, is_file: FileCheck) -> None:
    node.fields(required=("type", "elements"), optional=("block_id",))
    for card in node.items("elements", 10):
        if card.type != "card":
            card.reject(f"unsupported type: {card.type}", "type")
        else:
            _card(card, is_file)


def _video(node: Node, is_file: FileCheck) -> None:
    node.fields(
        required=("type", "alt_text", "title", "thumbnail_url", "video_url"),
        optional=("block_id", "author_name", "description", "provider_icon_url", "provider_name", "title_url"),
    )
    check_text(node, "title", 199, kinds=PLAIN)
    check_text(node, "description", 199, kinds=PLAIN)
    node.string("author_name", 49)


_BLOCKS: dict[str, tuple[frozenset[Surface], Check]] = {
    "section": (ANYWHERE, _section),
    "header": (ANYWHERE, _header),
    "divider": (ANYWHERE, _divider),
    "image": (ANYWHERE, _image),
    "context": (ANYWHERE, _context),
    "actions": (ANYWHERE, _actions),
    "input": (ANYWHERE, _input),
    "rich_text": (ANYWHERE, _rich_text),
    "video": (ANYWHERE, _video),
    "context_actions": (MESSAGE, _context_actions),
    "markdown": (MESSAGE, _markdown),
    "table": (MESSAGE, _table),
    "plan": (MESSAGE, _plan),
    "task_card": (MESSAGE, _task_card),
    "card": (MESSAGE, _card),
    "carousel": (MESSAGE, _carousel),
    "alert": (MODAL, _alert),
}


def texts_of(value: Any) -> Iterator[str]:
    """Every text a person would read in these blocks."""
    for entry in as_array(value) or []:
        yield from texts_of(entry)
    for key, inner in (as_object(value) or {}).items():
        if key in _TEXT_KEYS and isinstance(inner, str):
            yield inner
        else:
            yield from texts_of(inner)


def elements_of(block: dict[str, Any]) -> list[dict[str, Any]]:
    """The elements of a block a person can use, each the very object in the block."""
    candidates: list[Any] = [*block.get("elements", []), *block.get("actions", [])]
    candidates += [block.get("accessory"), block.get("element")]
    if block.get("type") == "carousel":
        return [element for card in block["elements"] for element in elements_of(card)]
    if block.get("type") in ("rich_text", "context"):
        return []
    elements = (as_object(candidate) for candidate in candidates)
    return [element for element in elements if element is not None and element.get("type") != "image"]


def with_ids(block: dict[str, Any]) -> dict[str, Any]:
    """The block with a block_id, and an action_id in every element that lacks one."""
    block.setdefault("block_id", secrets.token_urlsafe(4))
    for element in elements_of(block):
        element.setdefault("action_id", secrets.token_urlsafe(4))
    return block
