"""Blocks as a person reads them, one line a block part: for snapshots that can be reviewed."""

import re
from collections.abc import Iterator
from typing import Any

from bot.slack.rendered import Rendered


def read(message: Rendered) -> str:
    """The whole message."""
    whole = "\n".join([f"text: {message.text}", *(line for block in message.blocks for line in _block(block))])
    return re.sub(r"<!date\^\d+\^([^|]+)\|([^>]+)>", r"<\2 as \1>", whole)


def _block(block: dict[str, Any]) -> Iterator[str]:
    kind: str = block["type"]
    match kind:
        case "section":
            texts = [block["text"]] if "text" in block else block["fields"]
            yield f"section: {' | '.join(text['text'] for text in texts)}"
            yield from _buttons([block["accessory"]] if "accessory" in block else [])
        case "header":
            yield f"header: {block['text']['text']}"
        case "context":
            yield f"context: {' | '.join(element['text'] for element in block['elements'])}"
        case "actions":
            yield from _buttons(block["elements"])
        case "table":
            for row in block["rows"]:
                yield f"row: {' | '.join(cell['text'] for cell in row)}"
        case "plan":
            yield f"plan: {block['title']}"
            for task in block["tasks"]:
                details = "".join(_runs(task["details"])) if "details" in task else ""
                yield f"task: {task['status']} {task['title']} {details}".rstrip()
        case "rich_text":
            for part in block["elements"]:
                yield from _rich(part)
        case _:
            yield f"{kind}: {block.get('alt_text', '')}".rstrip()


def _buttons(elements: list[dict[str, Any]]) -> Iterator[str]:
    for element in elements:
        confirm = f", asks: {element['confirm']['text']['text']}" if "confirm" in element else ""
        yield f"button: {element['text']['text']} = {element.get('value', '')}{confirm}"


def _rich(part: dict[str, Any]) -> Iterator[str]:
    kind = part["type"].removeprefix("rich_text_")
    if kind == "list":
        for item in part["elements"]:
            yield f"bullet: {''.join(_runs(item))}"
    else:
        yield f"{kind}: {''.join(_runs(part))}"


def _runs(part: dict[str, Any]) -> Iterator[str]:
    for element in part["elements"]:
        match element["type"]:
            case "text":
                style: dict[str, bool] = element.get("style", {})
                mark = "*" if style.get("bold") else "`" if style.get("code") else ""
                yield f"{mark}{element['text']}{mark}"
            case "link":
                yield f"<{element['url']}|{element['text']}>"
            case _:
                yield from _runs(element)
