"""View validation: modals and homes."""

import json
from typing import Any

from sandbox.slack.blocks import block_problems, with_ids
from sandbox.slack.composition import PLAIN, FileCheck, check_text
from sandbox.slack.errors import ApiError
from sandbox.slack.schema import Node
from sandbox.slack.shape import as_array, as_object

MAX_VIEW_BYTES = 250_000
_COMMON = ("private_metadata", "callback_id", "external_id")
_MODAL = (*_COMMON, "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled")


def check_view(spec: Any, kind: str, is_file: FileCheck) -> dict[str, Any]:
    """A view as the app sent it, with ids made up where blocks have none; `kind` is `modal` or `home`.

    Raises:
        ApiError: `invalid_arguments` with messages, or `view_too_large`.
    """
    view = as_object(spec)
    if view is None:
        raise ApiError("invalid_arguments", messages=["must provide an object [json-pointer:/view]"])
    problems: list[str] = []
    node = Node(view, "/view", problems)
    if node.type != kind:
        node.reject(f"unsupported type: {node.type}", "type")
    elif kind == "modal":
        _check_modal(node)
        problems += block_problems(_blocks(node), "modal", is_file, "/view")
    else:
        node.fields(required=("type", "blocks"), optional=_COMMON)
        problems += block_problems(_blocks(node), "home", is_file, "/view")
    node.string("private_metadata", 3000, minimum=0)
    node.string("callback_id", 255, minimum=0)
    node.string("external_id", 255, minimum=0)
    if problems:
        raise ApiError("invalid_arguments", messages=problems)
    if len(json.dumps(view)) > MAX_VIEW_BYTES:
        raise ApiError("view_too_large")
    return view | {"blocks": [with_ids(block) for block in view["blocks"]]}


def _check_modal(node: Node) -> None:
    node.fields(required=("type", "title", "blocks"), optional=_MODAL)
    for key in ("title", "submit", "close"):
        check_text(node, key, 24, kinds=PLAIN)
    node.flag("clear_on_close", "notify_on_close", "submit_disabled")
    has_input = any(isinstance(block, dict) and "element" in block for block in _blocks(node))
    if has_input and not node.has("submit"):
        node.reject("submit is required when an input block is used", "submit")


def _blocks(node: Node) -> list[Any]:
    return as_array(node.value.get("blocks")) or []
