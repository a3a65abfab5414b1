"""The local GitHub, listening on a port of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.github.part import GitHubPart


@asynccontextmanager
async def listening_github(repository: str) -> AsyncGenerator[GitHubPart]:
    """GitHub with one repository, for the time of the block."""
    part = GitHubPart([repository])
    app = web.Application()
    part.install(app, "token")
    async with TestServer(app) as server:
        await part.start(str(server.make_url("")).rstrip("/"))
        yield part
        await part.stop()
