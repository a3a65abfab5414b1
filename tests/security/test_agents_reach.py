"""From the reasoning floor no import, late ones included, leads to a client that changes something."""

import ast
from collections.abc import Mapping
from functools import cache

from tests.architecture.sources import modules

PACKAGES = ("bot", "agents", "tools", "incidents")


def _name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def _imports() -> Mapping[str, set[str]]:
    """What each of our modules imports of ours, anywhere in it."""
    found: dict[str, set[str]] = {}
    for path, tree in modules(*PACKAGES):
        wanted: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                wanted |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        found[_name(path)] = wanted
    return {name: wanted & found.keys() for name, wanted in found.items()}


def _reached(imports: Mapping[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = [name for name in imports if name == start or name.startswith(f"{start}.")]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += imports[name]
    return reached


def _changes(name: str) -> bool:
    return name.rpartition(".")[2] == "operator" or name.startswith("tools.incident_store.writer")


def test_agents_reach_no_operator_no_writer_and_nothing_of_the_bot() -> None:
    reached = _reached(_imports(), "agents")
    assert len(reached) > 60
    assert sorted(name for name in reached if _changes(name) or name.partition(".")[0] == "bot") == []


def test_the_search_would_find_them() -> None:
    reached = _reached(_imports(), "bot.bootstrap")
    assert {"tools.sagemaker.operator", "tools.datasets.operator", "tools.github.operator"} <= reached
    assert any(name.startswith("tools.incident_store.writer") for name in reached)
