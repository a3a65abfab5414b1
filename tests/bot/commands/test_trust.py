"""`agentops trust`, over a store on disk."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from bot.cli import app
from tests.bot.quiet import restored_logging
from tests.bot.told_incident import store_in, told_incident
from tests.tools.incident_store.stage import Stage

Typed = Callable[..., Result]
ALL = ("--days", "3650")


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typed]:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("AGENTOPS_", "SLACK_", "ANTHROPIC_")):
            monkeypatch.delenv(name)

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, list(words), catch_exceptions=False)

    with restored_logging():
        yield run


def test_it_counts_what_became_of_what_was_proposed(typed: Typed, tmp_path: Path) -> None:
    database = store_in(tmp_path / "data")
    told_incident(Stage(database))
    with database.write() as session:
        session.connection().execute(text("UPDATE incident SET false_alarm_at = opened_at"))
    database.close()
    shown = typed("trust", *ALL).output
    assert "product-recommender: 1 incidents, 1 of them false alarms; medians: diagnose 0 s" in shown
    assert "RollbackEndpoint: 1 proposed, 1 approved, 1 executed, 1 recovered" in shown
    assert "people decide: 1 of the 30 proven recoveries" in shown
    told = json.loads(typed("trust", "--json", *ALL).output)
    (line,) = told["lines"]
    assert line["counts"]["verified"] == 1 and line["times"]["recover_seconds"] == 720.0
    assert json.loads(typed("trust", "--json", "--model", "fraud-detector", *ALL).output)["lines"] == []


def test_without_anything_it_says_so(typed: Typed, tmp_path: Path) -> None:
    assert typed("trust").exit_code == 1
    store_in(tmp_path / "data").close()
    result = typed("trust")
    assert result.exit_code == 0 and "Nothing has been proposed yet." in result.output
