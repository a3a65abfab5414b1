"""docs/metrics.md lists what is exported, and every count of the outbox is."""

from dataclasses import fields
from pathlib import Path

import pytest

from bot.row_metrics import AGES, OUTBOX, WAITING
from bot.slack.counts import Counts
from tests.docs.metrics_table import rows

ROOT = Path(__file__).resolve().parents[2]
TOLD = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", rows())
def test_every_metric_has_its_row(name: str) -> None:
    assert rows()[name] in TOLD, "run `python -m tests.docs.metrics_table` and put what it prints into docs/metrics.md"


def test_the_table_names_no_metric_that_is_not_exported() -> None:
    named = [line.split("`")[1] for line in TOLD.splitlines() if line.startswith("| `")]
    assert named == sorted(rows())
    table = TOLD[TOLD.index("| metric") :].splitlines()
    assert len(table) == len(rows()) + 2


def test_names_follow_the_conventions_of_prometheus() -> None:
    for name, row in rows().items():
        kind = row.split(" | ")[1]
        assert name.startswith("agentops_")
        assert name.endswith("_total") == (kind == "counter")
        assert row.rstrip(" |").endswith(".")


def test_every_count_of_the_outbox_is_exported() -> None:
    assert {one.name for one in fields(Counts)} == set(OUTBOX), "put it into bot/row_metrics.py: OUTBOX"


def test_what_waits_has_a_number_and_an_age() -> None:
    assert set(AGES) == set(WAITING)
