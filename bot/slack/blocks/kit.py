"""Blocks by the SDK's own classes, which check the limits they know, with ours on top."""

from collections.abc import Sequence
from typing import Any, Literal, cast

from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    RawTextObject,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextListElement,
    RichTextPreformattedElement,
    RichTextQuoteElement,
    RichTextSectionElement,
    SectionBlock,
    TableBlock,
)
from slack_sdk.models.blocks import (
    Block as SlackBlock,
)

from bot.slack.blocks.text import line, plain
from bot.slack.rendered import Block, Rendered

MAX_BLOCKS = 50
MAX_WEIGHT = 12_600
"""Slack refuses more than about 13,200 characters of text in the blocks of a message."""
MAX_TEXT = 3_000
SECTION = 3_000
SIDE_BY_SIDE = 100

_COUNTED = frozenset({"text", "title", "alt_text", "label", "hint", "placeholder", "url", "fallback"})


def as_json(block: SlackBlock) -> Block:
    """The block as Slack takes it, checked by the SDK."""
    return block.to_dict()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] the SDK types it as a bare dict


def section(text: str, *, button: ButtonElement | None = None) -> Block:
    """A section of mrkdwn that we wrote; untrusted parts in it went through `text.mrkdwn`."""
    # verbatim: Slack must not turn words such as @here or bare addresses into mentions and links.
    body = MarkdownTextObject(text=_whole_lines(text, SECTION), verbatim=True)
    return as_json(SectionBlock(text=body, accessory=button))


def fields(*pairs: tuple[str, str]) -> Block:
    """Up to ten pairs of a name and mrkdwn, side by side."""
    shown = [f"*{name}*\n{value}" for name, value in pairs[:10]]
    texts = [MarkdownTextObject(text=_whole_lines(text, 2_000), verbatim=True) for text in shown]
    return as_json(SectionBlock(fields=texts))


def context(*parts: str) -> Block:
    """Small grey mrkdwn."""
    shown = [part for part in parts if part][:10]
    elements = [MarkdownTextObject(text=_whole_lines(part, 2_000), verbatim=True) for part in shown]
    return as_json(ContextBlock(elements=elements))


def header(text: str) -> Block:
    """A title."""
    return as_json(HeaderBlock(text=PlainTextObject(text=line(text, 150), emoji=True)))


def divider() -> Block:
    """A thin line."""
    return as_json(DividerBlock())


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, limit: int = 300) -> Block:
    """A table of plain words; at most one stands in a message."""
    shown = [head, *rows[:40]]
    cells = [[RawTextObject(text=line(cell, limit)) for cell in row] for row in shown]
    return as_json(TableBlock(rows=cells, column_settings=[{"is_wrapped": True} for _ in head]))


def words(text: str, limit: int = SIDE_BY_SIDE, *, bold: bool = False, mono: bool = False) -> RichTextElement:
    """A run of rich text; whatever is in it stays what it is."""
    style = RichTextElementParts.TextStyle(bold=bold or None, code=mono or None) if bold or mono else None
    return RichTextElementParts.Text(text=plain(text, limit), style=style)


def glue(text: str) -> RichTextElement:
    """Our own words between runs, spaces kept."""
    return RichTextElementParts.Text(text=text)


def anchor(url: str, label: str) -> RichTextElement:
    """A link in rich text; `url` went through `Links`."""
    return RichTextElementParts.Link(url=url, text=line(label, SIDE_BY_SIDE))


def paragraph(*runs: RichTextElement) -> RichTextElement:
    """Runs in a row."""
    return RichTextSectionElement(elements=list(runs))


def bullets(items: Sequence[RichTextElement], *, indent: int = 0) -> RichTextElement:
    """A list of paragraphs."""
    return RichTextListElement(elements=list(items), style="bullet", indent=indent)


def quoted(text: str, limit: int = 600) -> RichTextElement:
    """Somebody else's words."""
    return RichTextQuoteElement(elements=[words(text, limit)])


def preformatted(text: str, limit: int = 2_800) -> RichTextElement:
    """Code as it is, spaces and lines kept; `text` is ours or JSON, whose control characters are escaped already."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return RichTextPreformattedElement(elements=[RichTextElementParts.Text(text=cut)])


def rich(*parts: RichTextElement) -> Block:
    """A block of rich text."""
    return as_json(RichTextBlock(elements=list(parts)))


def button(
    text: str,
    action_id: str,
    *,
    value: str | None = None,
    style: Literal["primary", "danger"] | None = None,
    confirm: ConfirmObject | None = None,
) -> ButtonElement:
    """A button that the app hears of."""
    return ButtonElement(text=line(text, 75), action_id=action_id, value=value, style=style, confirm=confirm)


def confirmation(
    title: str, text: str, *, confirm: str, deny: str, style: Literal["primary", "danger"]
) -> ConfirmObject:
    """A dialog that repeats what a button does; `text` is plain."""
    return ConfirmObject(
        title=line(title, 100),
        text=PlainTextObject(text=plain(text, 300), emoji=False),
        confirm=line(confirm, 30),
        deny=line(deny, 30),
        style=style,
    )


def actions(elements: Sequence[ButtonElement], *, block_id: str | None = None) -> Block:
    """A row of buttons."""
    return as_json(ActionsBlock(elements=list(elements), block_id=block_id))


def rendered(text: str, blocks: Sequence[Block], *, tail: int = 0) -> Rendered:
    """The message, cut to what Slack takes: blocks before the last `tail` ones go first, and a line says so."""
    kept, end = list(blocks[: len(blocks) - tail]), list(blocks[len(blocks) - tail :])
    dropped = False
    while len(kept) + len(end) > MAX_BLOCKS - 1 or weight(kept) + weight(end) > MAX_WEIGHT:
        if not kept:
            break
        kept.pop()
        dropped = True
    if dropped:
        kept.append(context("_More was found than fits here; the rest is in the incident's record._"))
    return Rendered(text=text[:MAX_TEXT], blocks=kept + end)


def weight(blocks: Any) -> int:
    """Characters of text in blocks, counted as Slack does, addresses too to be on the safe side."""
    if isinstance(blocks, list):
        return sum(weight(entry) for entry in cast("list[Any]", blocks))
    if isinstance(blocks, dict):
        pairs = cast("dict[str, Any]", blocks)
        return sum(
            len(value) if key in _COUNTED and isinstance(value, str) else weight(value) for key, value in pairs.items()
        )
    return 0


def _whole_lines(text: str, limit: int) -> str:
    """Cut between lines, so that no link, entity or mark is cut in two."""
    if len(text) <= limit:
        return text or "–"
    lines, size = list[str](), 0
    for one in text.split("\n"):
        size += len(one) + 1
        if size > limit - 2:
            break
        lines.append(one)
    return "\n".join([*lines, "…"])
