"""The project's own files, as trees and as text."""

import ast
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bot", "agents", "tools", "incidents", "sandbox")
NOT_OURS = frozenset({".git", ".venv", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache"})
"""What tools make, beside what is built or recorded at run time."""
MADE = frozenset({"__pycache__", "node_modules", "data", "build", "dist", "bench-results"})


def modules(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    """Path below the root, and syntax tree. None is kept: together they are a million objects."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Every text file of the project: path below the root, and content."""
    return tuple(_texts())


@cache
def callers() -> Mapping[str, set[str]]:
    """The paths of the packages' files that call something, by the last name of what is called."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path, tree in modules(*PACKAGES):
        for call in calls(tree):
            found[called_name(call)].add(path)
    return found


def _texts() -> Iterator[tuple[str, str]]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted({*folders} - NOT_OURS - MADE)
        for path in (Path(folder, name) for name in sorted({*files} - NOT_OURS)):
            try:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def called_name(call: ast.Call) -> str:
    """The last name of what is called: ``b.c(...)`` is ``c``."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node
