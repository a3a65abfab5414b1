"""Tools of MCP servers, offered to a language model under names of ours.

A server's description is text from outside, too: it stands in the fence, and its schema is stripped of all prose.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic_ai import FunctionToolset, ModelRetry, RunContext, Tool
from pydantic_ai.toolsets import DynamicToolset

from agents.collectors.other_sources import LONGEST_ARGUMENTS
from agents.fencing import facts_fenced, fenced
from agents.rules.model import OfflineModel
from agents.wording import cut
from agents.workbench import Workbench
from tools.mcp_servers.records import OfferedTool

LONGEST_ANSWER = 6000
"""Characters of an answer that a language model is shown; the whole is kept as evidence."""
LONGEST_SCHEMA = 4000
_SOURCE = "other source"
_NOT_OF_A_NAME = re.compile(r"[^A-Za-z0-9_-]")
_PLAIN = re.compile(r"[\w.:/@-]{1,64}")
_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_DEEPEST = 5
_MOST_FIELDS = 40


def other_sources_toolset(*, gaps_are_told: bool = True) -> DynamicToolset[Workbench]:
    """What the servers of the settings offer now. One that does not answer becomes a gap, and its tools are missing.

    `gaps_are_told`: not where nothing may be asked, beside which evidence is still being read in its order.
    """

    async def offered(ctx: RunContext[Workbench]) -> FunctionToolset[Workbench] | None:
        return await _offered(ctx, gaps_are_told)

    return DynamicToolset[Workbench](offered, per_run_step=False, id="other-sources")


async def _offered(ctx: RunContext[Workbench], gaps_are_told: bool) -> FunctionToolset[Workbench] | None:
    bench = ctx.deps
    others = bench.lens.sources.others
    # The offline rules ask none of them; nothing is started for their sake.
    if others is None or isinstance(ctx.model, OfflineModel):
        return None
    tools: dict[str, Tool[Workbench]] = {}
    for server in others.names:
        offer = await bench.offer_of(server, gap_is_told=gaps_are_told)
        for tool in offer.tools if offer is not None else ():
            made = _tool(server, tool)
            tools.setdefault(made.name, made)
    return FunctionToolset[Workbench](list(tools.values())) if tools else None


def _tool(server: str, tool: OfferedTool) -> Tool[Workbench]:
    async def ask(ctx: RunContext[Workbench], **arguments: Any) -> str:
        if len(json.dumps(arguments, default=str)) > LONGEST_ARGUMENTS:
            raise ModelRetry(f"Ask with less than {LONGEST_ARGUMENTS} characters.")
        found = await ctx.deps.ask_other(server, tool.name, arguments)
        return facts_fenced(_SOURCE, found, longest=LONGEST_ANSWER)

    name = _NOT_OF_A_NAME.sub("_", f"{server}__{tool.name}")[:64]
    return Tool[Workbench].from_schema(ask, name, _description(server, tool), _schema(tool.schema), takes_ctx=True)


def _description(server: str, tool: OfferedTool) -> str:
    """Ours, and what the tool says of itself and of its parameters as data."""
    fields = {name: _object(one) for name, one in list(_object(tool.schema.get("properties")).items())[:_MOST_FIELDS]}
    notes = {name[:64]: cut(str(one["description"]), 120) for name, one in fields.items() if "description" in one}
    said = fenced("tool", {"says_of_itself": cut(tool.description, 400), **({"parameters": notes} if notes else {})})
    return f"Asks {server}, a source of the team. It only reads, and its answer is evidence.\n{said}"


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The shape alone: types, names, choices that are single words. Prose of a server never stands in a schema."""
    plain = _shape(schema, 0) | {"type": "object"}
    plain.setdefault("properties", {})
    return plain if len(json.dumps(plain)) <= LONGEST_SCHEMA else {"type": "object", "properties": {}}


def _shape(node: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        return {}
    plain: dict[str, Any] = {}
    kind: Any = node.get("type")
    kinds = [one for one in (_list(kind) or [kind]) if one in _TYPES]
    if kinds:
        plain["type"] = kinds if len(kinds) > 1 else kinds[0]
    choices = [one for one in _list(node.get("enum")) if not isinstance(one, str) or _PLAIN.fullmatch(one)]
    if choices:
        plain["enum"] = choices[:_MOST_FIELDS]
    fields = {str(name): one for name, one in _object(node.get("properties")).items() if _PLAIN.fullmatch(str(name))}
    if fields:
        plain["properties"] = {
            name: _shape(_object(one), depth + 1) for name, one in list(fields.items())[:_MOST_FIELDS]
        }
        plain["required"] = [one for one in _list(node.get("required")) if one in plain["properties"]]
    if "items" in node:
        plain["items"] = _shape(_object(node["items"]), depth + 1)
    for way in ("anyOf", "oneOf"):
        if ways := [_shape(_object(one), depth + 1) for one in _list(node.get(way))[:8]]:
            plain[way] = ways
    return plain


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType] any JSON


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType] any JSON
