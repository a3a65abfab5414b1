from alembic.script import ScriptDirectory

from tools.incident_store.database import Database
from tools.incident_store.migrate import NEWEST, config_for


def test_the_revision_that_needs_nothing_is_the_newest_migration() -> None:
    database = Database("sqlite://")
    with database.engine.connect() as connection:
        assert ScriptDirectory.from_config(config_for(connection)).get_current_head() == NEWEST
    database.close()
