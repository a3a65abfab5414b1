"""Other sources of the team (logs, traces, dashboards), asked through MCP servers. All they say is untrusted."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agents.collectors.lens import Lens, why
from agents.readings.found import Found
from agents.readings.gap import GapReading
from agents.readings.other_source import OtherSourceReading
from agents.redaction import redact
from agents.wording import as_name, cut, in_its_words
from incidents.evidence import EvidenceKind
from tools.errors import UpstreamError
from tools.mcp_servers.records import Offer

LONGEST_ARGUMENTS = 4000
"""Characters of what a language model may ask."""


async def offer(lens: Lens, server: str) -> Offer | Found:
    """What a server offers, or the gap where it cannot be asked."""
    assert lens.sources.others is not None  # noqa: S101 - whoever asks has looked
    try:
        return await lens.sources.others.offer(server)
    except UpstreamError as error:
        return _gap(
            lens, server, "what it offers", f"{server} could not be read: {why(error, server)}.", "other_source"
        )


async def ask(lens: Lens, server: str, tool: str, arguments: Mapping[str, Any]) -> Sequence[Found]:
    """The answer of a tool as one fact. Its words are kept, as far as they are kept, and marked as its own."""
    assert lens.sources.others is not None  # noqa: S101 - whoever asks has looked
    asked = f"{tool} {redact(json.dumps(dict(arguments), ensure_ascii=False, sort_keys=True))}"
    try:
        answer = await lens.sources.others.ask(server, tool, arguments)
    except UpstreamError as error:
        told = f"The answer of {server} to {tool} could not be read: {why(error, server)}."
        return (_gap(lens, server, asked, told, f"other_source {tool}"),)
    words = in_its_words(redact(answer.text), len(answer.text) + 1)
    if answer.failed:
        # Most often a question that it did not understand: whoever asked should see why, people need not.
        told = f"{server} calls the question to {tool} a mistake.{in_its_words(redact(answer.text), 600)}"
        return (_gap(lens, server, asked, told, "query"),)
    left_out = f" {answer.left_out} parts that are no text were left out." if answer.left_out else ""
    found = f"{server} answered {tool}.{left_out}{words or ' It had nothing to say.'}"
    evidence = lens.fact(EvidenceKind.OTHER_SOURCE, as_name(server), cut(asked, 400), found)
    return (Found(evidence, OtherSourceReading(server=server, tool=tool)),)


def _gap(lens: Lens, server: str, asked: str, words: str, part: str) -> Found:
    # Not `failed`: the rules never ask these sources, so what the rules see is no poorer for it.
    reading = GapReading(source="Other source", part=part, words=words, failed=False)
    return Found(lens.fact(EvidenceKind.GAP, as_name(server), cut(asked, 400), words), reading)
