"""The policy that the bot reads beside the sandbox: a copy of the manifest, in which a scenario may raise autonomy."""

import json
import re
from pathlib import Path
from typing import Literal

Autonomy = Literal["observe", "suggest", "execute_low", "execute_high"]
AUTHOR = "sandbox scenario"


class PolicyCopy:
    """Writes the copy, always as a whole: the bot reads it while it runs.

    Args:
        original: The policy to copy.
        folder: Where the copy goes.
    """

    def __init__(self, original: Path, folder: Path) -> None:
        self.path = folder / "policy.yaml"
        self._original = original.read_text()
        self._raised: dict[str, tuple[Autonomy, str]] = {}
        self._write()

    def set_autonomy(self, model: str, level: Autonomy | None, scenario: str) -> None:
        """Give a model a level for a scenario; None gives it back the level that the original says."""
        if level is None:
            self._raised.pop(model, None)
        else:
            self._raised[model] = (level, f"the scenario {scenario} shows what the bot does by itself")
        self._write()

    def reset(self) -> None:
        """The original again."""
        self._raised.clear()
        self._write()

    def _write(self) -> None:
        text = self._original
        for model, (level, reason) in self._raised.items():
            entry = f"  {model}: {{level: {level}, author: {AUTHOR}, reason: {json.dumps(reason)}}}"
            text = _with_entry(text, model, entry)
        beside = self.path.with_suffix(".new")
        beside.write_text(text)
        beside.replace(self.path)


def _with_entry(text: str, model: str, entry: str) -> str:
    """The policy with one line of its block `autonomy` replaced, or added."""
    head, found, rest = text.partition("\nautonomy:\n")
    if not found:
        return f"{text.rstrip()}\n\nautonomy:\n{entry}\n"
    block = re.match(r"(?:[ \t#][^\n]*\n|\n)*", rest)
    end = block.end() if block else 0
    inside, after = rest[:end], rest[end:]
    line = re.compile(rf"^ +{re.escape(model)}:[^\n]*$", re.MULTILINE)
    inside = line.sub(lambda _: entry, inside) if line.search(inside) else f"{entry}\n{inside}"
    return f"{head}{found}{inside}{after}"
