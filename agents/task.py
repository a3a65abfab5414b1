"""A prompt of an investigation: the case, which all stages have in common, and one task, which names the output wanted.

The case is marked for prompt caches; what a provider has read of it for one stage it need not read again for the next.
"""

import re
from collections.abc import Sequence

from pydantic_ai.messages import CachePoint, ModelMessage, ModelRequest, UserContent, UserPromptPart

# Nothing from outside can begin a line: inside the fence a text's line breaks are escaped.
_WANTED = re.compile(r"^Hand in `(\w+)` now\.$", re.MULTILINE)


def prompt(case: str, task: str, output: str) -> Sequence[UserContent]:
    """A case, and what is to be done about it; `output` names the output tool that is wanted."""
    return [case, CachePoint(), f"{task}\n\nHand in `{output}` now."]


def output_wanted(messages: Sequence[ModelMessage]) -> str:
    """The output that the last prompt of a history names; empty where none does."""
    named = [name for text in prompts_of(messages) for name in _WANTED.findall(text)]
    return named[-1] if named else ""


def prompts_of(messages: Sequence[ModelMessage]) -> list[str]:
    """The texts of a history's prompts, without the answers of tools."""
    texts: list[str] = []
    for message in messages:
        for part in message.parts if isinstance(message, ModelRequest) else ():
            if isinstance(part, UserPromptPart):
                items = [part.content] if isinstance(part.content, str) else part.content
                texts += [item for item in items if isinstance(item, str)]
    return texts
