"""Markdown to passages: pure, total, and exact about lines.

Any text is accepted. Headings are read as CommonMark reads them where it matters for runbooks: ATX (`## Impact`) and
underlined (`Impact` over `======`) headings, never inside a code fence or YAML front matter.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from tools.runbook_index.records import Kind, Passage

FORMAT = 2
"""Goes up when the same Markdown would be cut or embedded differently; the index then rebuilds itself."""

PASSAGE_CHARS = 1_200
"""A longer section is cut between its paragraphs or list items. Long passages blur in a mean-pooled embedding."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_ATX = re.compile(r" {0,3}(#{1,6})([ \t].*)?$")
_CLOSING_HASHES = re.compile(r"(?:^|[ \t])#+$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_NOT_A_PARAGRAPH = re.compile(r" {0,3}(?:[-*+>|#]|\d+[.)]\s)|[ \t]*$| {4}|\t")
_LIST_ITEM = re.compile(r"(?:[-*+]|\d+[.)])\s")
_ALERT_NAME = re.compile(r"(?=.*[a-z])[A-Z][A-Za-z0-9]+$")


class _Section(NamedTuple):
    path: tuple[str, ...]
    first: int
    lines: list[str]


def split_lines(text: str) -> list[str]:
    """The text's lines with their ends, as editors count them: only CR, LF and CRLF end a line."""
    return _LINE.findall(text)


def kind_of(file: str) -> Kind:
    """What a file is, by the folder it lies in."""
    folders = PurePosixPath(file).parts[:-1]
    if "incidents" in folders:
        return "incident"
    return "procedure" if "procedures" in folders else "runbook"


def passages(file: str, text: str) -> list[Passage]:
    """Cut one Markdown file into passages that together are the file.

    Args:
        file: path inside the indexed folder; it decides the kind and is part of every id.
        text: the file's text.

    Returns:
        Passages in the order of the file; none for an empty text.
    """
    sections = list(_sections(split_lines(text)))
    stem = PurePosixPath(file).stem
    title = next((section.path[-1] for section in sections if section.path and section.path[-1]), stem)
    kind = kind_of(file)
    alert = stem if kind == "runbook" and _ALERT_NAME.match(stem) else None
    made: list[Passage] = []
    seen: dict[str, int] = {}
    for section in sections:
        path = section.path[1:] if section.path[:1] == (title,) else section.path
        heading = " > ".join(name for name in path if name) or title
        start = section.first
        for piece in _pieces(section.lines):
            body = "".join(piece)
            key = f"{file}\0{heading}\0{body}"
            seen[key] = seen.get(key, 0) + 1
            record_id = hashlib.sha256(f"{key}\0{seen[key]}".encode("utf-8", "replace")).hexdigest()[:32]
            made.append(
                Passage(
                    record_id=record_id,
                    file=file,
                    heading=heading,
                    start=start,
                    end=start + len(piece) - 1,
                    text=body,
                    kind=kind,
                    alert=alert,
                    title=title,
                )
            )
            start += len(piece)
    return made


def has_content(passage: Passage) -> bool:
    """Whether there is anything to find in it besides headings, rules and blank lines."""
    return any(
        line.strip(" \t\r\n-=#") and not _ATX.match(line.rstrip("\r\n"))
        for line in split_lines(passage.text)
        if line.strip() != passage.heading.rsplit(" > ", 1)[-1]
    )


def _sections(lines: list[str]) -> Iterator[_Section]:
    """Cut at headings. `path` holds one name a level, empty names where a level was skipped."""
    path: tuple[str, ...] = ()
    first = 1
    gathered: list[str] = []
    fence: str | None = None
    in_front_matter = bool(lines) and lines[0].rstrip() == "---" and _front_matter_closes(lines)
    for number, line in enumerate(lines, start=1):
        bare = line.rstrip("\r\n")
        heading = None
        if in_front_matter:
            in_front_matter = number == 1 or bare.rstrip() not in ("---", "...")
        elif fence is not None:
            fence = None if _closes(fence, bare) else fence
        elif (opened := _FENCE.match(bare)) and not (opened[1][0] == "`" and "`" in opened[2]):
            fence = opened[1]
        elif atx := _ATX.match(bare):
            heading = (len(atx[1]), _CLOSING_HASHES.sub("", (atx[2] or "").strip()).strip(), 0)
        elif (level := _underlines(bare, gathered)) is not None:
            heading = (level, gathered[-1].strip(), 1)
        if heading is not None:
            level, name, taken = heading
            held = gathered[len(gathered) - taken :]
            gathered = gathered[: len(gathered) - taken]
            if gathered:
                yield _Section(path, first, gathered)
            first, gathered = number - taken, held
            path = (*path[: level - 1], *([""] * (level - 1 - len(path))), name)
        gathered.append(line)
    if gathered:
        yield _Section(path, first, gathered)


def _front_matter_closes(lines: list[str]) -> bool:
    return any(line.rstrip() in ("---", "...") for line in lines[1:200])


def _closes(fence: str, line: str) -> bool:
    closing = _FENCE.match(line)
    return (
        closing is not None and closing[1][0] == fence[0] and len(closing[1]) >= len(fence) and not closing[2].strip()
    )


def _underlines(line: str, before: list[str]) -> int | None:
    """The level of an underlined heading that ends with this line; its text is one line after a blank one."""
    if not (underline := _SETEXT.match(line)) or not before or _NOT_A_PARAGRAPH.match(before[-1].rstrip("\r\n")):
        return None
    if len(before) > 1 and before[-2].strip():
        return None
    return 1 if underline[1][0] == "=" else 2


def _pieces(lines: list[str]) -> Iterator[list[str]]:
    """Pack paragraphs and list items, in order, into pieces of at most `PASSAGE_CHARS` where lines allow."""
    piece: list[str] = []
    size = 0
    for block in _blocks(lines):
        length = sum(map(len, block))
        if piece and size + length > PASSAGE_CHARS and any(line.strip() for line in block):
            yield piece
            piece, size = [], 0
        piece.extend(block)
        size += length
    if piece:
        yield piece


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Paragraphs with the blank lines after them, list items, whole fences; a block too long falls into lines."""
    block: list[str] = []
    size = 0
    fence: str | None = None
    for line in lines:
        bare = line.rstrip("\r\n")
        starts = fence is None and bool(block) and _starts_block(bare, block[-1])
        if starts or (block and size + len(line) > PASSAGE_CHARS):
            yield block
            block, size = [], 0
        if fence is not None:
            fence = None if _closes(fence, bare) else fence
        elif opened := _FENCE.match(bare):
            fence = opened[1]
        block.append(line)
        size += len(line)
    if block:
        yield block


def _starts_block(line: str, before: str) -> bool:
    if not line.strip() or _ATX.match(before.rstrip("\r\n")):
        return False
    return not before.strip() or _LIST_ITEM.match(line) is not None
