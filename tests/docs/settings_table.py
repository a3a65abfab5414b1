"""The README's table of settings, made from bot/settings.py: `python -m tests.docs.settings_table` prints it."""

import ast
import inspect
from pathlib import Path
from typing import cast

from bot.settings import Settings, environment_name

HEAD = ("| variable | default | meaning |", "|---|---|---|")
ROOT = Path(__file__).resolve().parents[2]


def rows() -> dict[str, str]:
    """A line of Markdown for each setting, by the variable's name."""
    meanings = _meanings()
    told: dict[str, str] = {}
    for field in Settings.model_fields:
        name = environment_name(field)
        told[name] = f"| `{name}` | {_default(field)} | {meanings[field].replace('|', chr(92) + '|')} |"
    return told


def table() -> str:
    """The whole table."""
    return "\n".join([*HEAD, *rows().values()])


def _default(field: str) -> str:
    value = cast("object", Settings.model_fields[field].default)
    if value is None or value == ():
        return ""
    if isinstance(value, Path):
        shown = value.relative_to(ROOT).as_posix() if value.is_relative_to(ROOT) else value.as_posix()
    elif isinstance(value, bool):
        shown = str(value).lower()
    else:
        shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"`{shown}`"


def _meanings() -> dict[str, str]:
    """What stands below each setting in the source."""
    (body,) = ast.parse(inspect.getsource(Settings)).body
    assert isinstance(body, ast.ClassDef)
    meanings: dict[str, str] = {}
    for one, following in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(one, ast.AnnAssign)
            and isinstance(one.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            meanings[one.target.id] = " ".join(str(following.value.value).split())
    return meanings


if __name__ == "__main__":
    print(table())
