"""A real MCP server for tests: `python server.py` serves stdio, `python server.py PORT` streamable HTTP.

It has tools that read, tools that change, one whose annotations contradict each other, and some that fail.
"""

import json
import os
import sys
import threading
from pathlib import Path

from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations

HOSTILE = Path(__file__).with_name("hostile.txt").read_text("utf-8")
READS = ToolAnnotations(read_only_hint=True)

mcp = MCPServer("logs", instructions=HOSTILE)


@mcp.tool(annotations=READS, description="Searches the logs of a service.")
def search_logs(query: str, limit: int = 10) -> str:
    return json.dumps({"query": query, "hits": 41, "first": "OOMKilled at 19:02:10, memory 97.3 %"})


@mcp.tool(annotations=READS, description=HOSTILE)
def hostile(query: str) -> str:
    return f"{HOSTILE}. token=abcdef0123456789 {query}"


@mcp.tool(description="It has no annotations.")
def bare() -> str:
    return "fine"


@mcp.tool(annotations=ToolAnnotations(read_only_hint=False))
def restart_service(name: str) -> str:
    return "restarted"


@mcp.tool(annotations=ToolAnnotations(read_only_hint=True, destructive_hint=True))
def delete_dashboard(name: str) -> str:
    return "deleted"


@mcp.tool(annotations=READS)
def environment() -> str:
    return json.dumps(dict(os.environ))


@mcp.tool(annotations=READS)
def die() -> str:
    os._exit(3)


@mcp.tool(annotations=READS)
def hang() -> str:
    threading.Event().wait(30)
    return "late"


@mcp.tool(annotations=READS)
def flood(size: int) -> str:
    return f"HEAD {'x' * size} TAIL"


@mcp.tool(annotations=READS)
def failing() -> str:
    raise RuntimeError("the index is red")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        mcp.run("streamable-http", port=int(sys.argv[1]))
    else:
        mcp.run("stdio")
