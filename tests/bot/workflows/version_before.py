"""A process of the version before the leases: its schema (0002), and an investigation it was in the middle of.

Arguments: the databases' URLs (ours, the engine's), and the URL of a database of today to take the rows from. It says
on stdout that it is in the middle, and waits to be killed.
"""

import asyncio
import sys
from typing import Any

from alembic import command
from sqlalchemy import MetaData, inspect, text

from bot.workflows.engine import Engine, config_for
from tools.incident_store.database import Database
from tools.incident_store.migrate import config_for as migrations_for

REVISION = "0002"


def copy_rows(today: Database, before: Database) -> None:
    """Every row of today, in the columns that there were."""
    with today.engine.connect() as source, before.engine.begin() as target:
        now, then = MetaData(), MetaData()
        now.reflect(source)
        then.reflect(target)
        for name in inspect(target).get_table_names():
            if name == "alembic_version":
                continue
            columns = [now.tables[name].c[column.name] for column in then.tables[name].c]
            found = source.execute(now.tables[name].select().with_only_columns(*columns)).mappings()
            rows = [dict(row) for row in found]
            if rows:
                target.execute(then.tables[name].insert(), rows)
            key = next(iter(then.tables[name].primary_key.columns))
            if rows and not before.is_sqlite and key.type.python_type is int:
                # The numbers given out go on behind those that were copied.
                last = max(row[key.name] for row in rows)
                sequence = {"table": name, "column": key.name, "last": last}
                target.execute(text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"), sequence)


async def main(url: str, engine_url: str, today_url: str, id: str) -> None:
    before = Database(url)
    with before.engine.connect() as connection, connection.begin():
        command.upgrade(migrations_for(connection), REVISION)
    today = Database(today_url)
    copy_rows(today, before)
    for one in (today, before):
        one.close()
    engine = Engine(config_for(url=engine_url, executor_id="bot-1"))

    @engine.step("investigate_v1.begin")
    async def begin(id: str) -> bool:
        return True

    @engine.step("investigate_v1.look_and_propose")
    async def look_and_propose(id: str) -> None:
        print("in the middle", flush=True)
        await asyncio.Event().wait()

    @engine.workflow("investigate_v1")
    async def investigate(id: str) -> None:
        if await begin(id):
            await look_and_propose(id)

    engine.launch()
    await engine.start("investigate_v1", f"{id}:0.000:1", id)
    await asyncio.Event().wait()


if __name__ == "__main__":
    arguments: Any = sys.argv[1:5]
    asyncio.run(main(*arguments))
