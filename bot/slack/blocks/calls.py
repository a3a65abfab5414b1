"""The exact calls of a proposal, as JSON; many calls of one kind as the first of them, a count and a few keys."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from slack_sdk.models.blocks import RichTextElement

from bot.slack.blocks.kit import bullets, paragraph, preformatted, rich, words
from bot.slack.blocks.text import plural
from bot.slack.rendered import Block
from incidents.effect import ApiRequest
from incidents.proposal import Proposal

_JSON = 2_400
"""Characters of one call."""
_ALL_JSON = 5_600
"""Characters of all calls: a card takes about 12,000 in all."""
_ALIKE = 4
"""So many calls of one operation are shown one by one."""
_KEYS = 3
_MANIFEST = "Body"


def calls_blocks(proposal: Proposal) -> Iterator[Block]:
    """Every call as it will be sent. What is cut or counted is in the digest all the same."""
    parts: list[RichTextElement] = [paragraph(words("Exactly this is sent, in this order", bold=True))]
    groups = list(_groups(proposal.requests))
    limit = min(_JSON, _ALL_JSON // max(1, sum(1 if _is_many(group) else len(group) for group in groups)))
    for group in groups:
        if _is_many(group):
            parts += _many(group, limit)
        else:
            parts += [preformatted(_call(request), limit) for request in group]
    yield rich(*parts)


def _groups(requests: Sequence[ApiRequest]) -> Iterator[list[ApiRequest]]:
    """Calls of one operation in a row."""
    group: list[ApiRequest] = []
    for request in requests:
        if group and group[0].operation != request.operation:
            yield group
            group = []
        group.append(request)
    if group:
        yield group


def _is_many(group: Sequence[ApiRequest]) -> bool:
    return len(group) > _ALIKE


def _many(group: Sequence[ApiRequest], limit: int) -> Iterator[RichTextElement]:
    """The first call whole, then the keys of the next ones."""
    first = group[0]
    yield paragraph(words(f"{first.service} {first.operation}, once for each of {len(group)} objects; the first:", 200))
    yield preformatted(_call(first), limit)
    keys = [str(request.parameters.get("Key", "")) for request in group[1 : 1 + _KEYS]]
    yield bullets([paragraph(words(key, 200, mono=True)) for key in keys])
    more = len(group) - 1 - len(keys)
    if more > 0:
        yield paragraph(words(f"and {more} more, listed in the manifest", 100))


def _call(request: ApiRequest) -> str:
    # ASCII only: what cannot be seen cannot hide in a call that people sign.
    body = json.dumps(_told(request.parameters), indent=2, ensure_ascii=True)
    return f"{request.service} {request.operation}\n{body}"


def _told(parameters: dict[str, Any]) -> dict[str, Any]:
    """A manifest's content as how much it lists: each of its keys is tagged by a call below."""
    body = parameters.get(_MANIFEST)
    if not isinstance(body, str):
        return parameters
    try:
        listed = json.loads(body).get("objects")
    except (ValueError, AttributeError):
        return parameters
    if not isinstance(listed, list):
        return parameters
    count = plural(len(listed), "object")  # pyright: ignore[reportUnknownArgumentType] JSON has no types
    return parameters | {_MANIFEST: f"(the manifest: {count}, each with its key and ETag; {len(body):,} characters)"}
