"""The project's own files, as trees and as text."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bot", "agents", "tools", "incidents", "sandbox")
NOT_OURS = frozenset({".git", ".venv", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache"})
"""Folders that tools make, beside what is built or recorded at run time."""
MADE = frozenset({"__pycache__", "node_modules", "data", "build", "dist", "bench-results"})


@cache
def modules(*packages: str) -> tuple[tuple[str, ast.Module], ...]:
    """Path below the root, and syntax tree."""
    paths = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple((path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))) for path in paths)


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Every text file of the project: path below the root, and content."""
    return tuple(_texts())


@cache
def calls_of(package: str) -> tuple[tuple[str, str], ...]:
    """Every call in a package: path below the root, and the last name of what is called."""
    return tuple((path, called_name(call)) for path, tree in modules(package) for call in calls(tree))


def _texts() -> Iterator[tuple[str, str]]:
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if NOT_OURS.intersection(parts) or MADE.intersection(parts) or not path.is_file():
            continue
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
