"""YAML with the line of every key, so that a mistake can be pointed at."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from incidents.errors import ManifestError

MAX_BYTES = 1_000_000
MAX_NODES = 200_000
"""Anchors can be used many times over; a small file must not grow into an enormous one."""

Where = tuple[str | int, ...]
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class Document:
    """A file's content and where each of its keys stands.

    Attributes:
        file: the path as it was given.
        content: mappings, lists and scalars; a use of an anchor is a copy of its own.
        lines: line of each key or list item, counted from 1, by its path.
    """

    file: str
    content: Any
    lines: dict[Where, int]

    def nearest(self, loc: tuple[str | int, ...]) -> Where:
        """The longest path that is in the file and follows `loc`, leaving out steps that are not in the file."""
        path: Where = ()
        for step in loc:
            if (*path, step) in self.lines:
                path = (*path, step)
        return path

    def mapping(self) -> dict[str, Any]:
        """The content, where it is a mapping.

        Raises:
            ManifestError: it is a list or a single value.
        """
        content: object = self.content
        if not isinstance(content, dict):
            raise self.wrong((), "must be a mapping of keys to values at its top")
        return dict(cast(dict[str, Any], content))

    def wrong(self, path: Where, problem: str, key: str | None = None) -> ManifestError:
        """An error that points at `path`, or at the nearest line above it."""
        return ManifestError(self.file, self.line(path), dotted(path) if key is None else key, problem)

    def line(self, path: Where) -> int | None:
        """The line of the nearest key above or at `path`; None for the file as a whole."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def dotted(path: Where) -> str:
    """``models.fraud-detector.tier``, ``rules[2].then``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read(path: Path) -> Document:
    """Read one YAML file of mappings, lists and scalars.

    Raises:
        ManifestError: it cannot be read, is no YAML, names a key twice, or refers to itself.
    """
    return parse(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """The file as it is. Raises `ManifestError` where it cannot be read or is too large to be meant."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ManifestError(str(path), None, "", f"cannot be read: {error.strerror or error}") from error
    if len(raw) > MAX_BYTES:
        raise ManifestError(str(path), None, "", f"is larger than {MAX_BYTES:,} bytes")
    return raw


def parse(text: str | bytes, file: str) -> Document:
    """Like `read`, from text."""
    loader: yaml.SafeLoader | None = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        builder = _Builder(file, loader)
        content = None if node is None else builder.build(node, (), ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"is not valid YAML: {error.problem or error.context or 'syntax error'}"
        raise ManifestError(file, mark.line + 1 if mark else None, "", problem) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise ManifestError(file, None, "", f"is not valid YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise ManifestError(file, None, "", "is nested too deeply") from error
    finally:
        if loader is not None:
            loader.dispose()
    if content is None:
        raise ManifestError(file, None, "", "is empty")
    return Document(file=file, content=content, lines=builder.lines)


class _Builder:
    """Turns YAML nodes into plain values and notes the line of every key."""

    def __init__(self, file: str, loader: yaml.SafeLoader) -> None:
        self.lines: dict[Where, int] = {}
        self._file = file
        self._loader = loader
        self._count = 0

    def build(self, node: yaml.Node, path: Where, above: tuple[yaml.Node, ...]) -> Any:
        self._count += 1
        if self._count > MAX_NODES:
            raise ManifestError(self._file, None, "", "its anchors unfold into too much; write less with them")
        if any(node is one for one in above):
            raise self._wrong(node, path, "refers to itself; remove the alias")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, (*above, node))
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, path, (*above, node))
        try:
            value: Any = self._loader.construct_object(node, deep=True)  # pyright: ignore[reportUnknownMemberType] # stub has no types here
        except ValueError as error:
            raise self._wrong(node, path, f"cannot be read: {error}; put it in quotes") from error
        return value

    def _sequence(self, node: yaml.SequenceNode, path: Where, above: tuple[yaml.Node, ...]) -> list[Any]:
        items: list[Any] = []
        for index, item in enumerate(_children(node)):
            self.lines.setdefault((*path, index), item.start_mark.line + 1)
            items.append(self.build(item, (*path, index), above))
        return items

    def _mapping(self, node: yaml.MappingNode, path: Where, above: tuple[yaml.Node, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first_line: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in _pairs(node):
            line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE:
                merged.append(value_node)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._wrong(key_node, path, "a key must be a word, not a list or mapping")
            key = str(key_node.value)
            if key in found:
                raise ManifestError(
                    self._file, line, dotted((*path, key)), f"stands here twice, first on line {first_line[key]}"
                )
            first_line[key] = line
            self.lines[(*path, key)] = line
            found[key] = self.build(value_node, (*path, key), above)
        for value_node in merged:
            for source in self._merge_sources(value_node, path):
                for key, value in self._mapping(source, path, (*above, source)).items():
                    found.setdefault(key, value)
        # A merge must not move the line of a key that stands in the mapping itself.
        self.lines.update({(*path, key): line for key, line in first_line.items()})
        return found

    def _merge_sources(self, node: yaml.Node, path: Where) -> Iterator[yaml.MappingNode]:
        candidates = _children(node) if isinstance(node, yaml.SequenceNode) else [node]
        for one in candidates:
            if not isinstance(one, yaml.MappingNode):
                raise self._wrong(node, path, "`<<` takes a mapping or a list of mappings")
            yield one

    def _wrong(self, node: yaml.Node, path: Where, problem: str) -> ManifestError:
        return ManifestError(self._file, node.start_mark.line + 1, dotted(path), problem)


def _children(node: yaml.SequenceNode) -> list[yaml.Node]:
    return list(node.value)


def _pairs(node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    return list(node.value)
