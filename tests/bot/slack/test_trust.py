"""What `/agentops trust` shows: the table, the words around it, and the chart."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from blockkit import Context, Image, Section, SlackFile, Text
from blockkit.core import ColumnSettings, RawText, Table
from inline_snapshot import snapshot

from bot.slack.blocks.chart import chart_post
from bot.slack.blocks.trust import HEAD, KIND, chart_words, trust_message
from bot.slack.chart import ChartUnavailable
from bot.slack.record_desk import RecordDesk
from bot.slack.rendered import FilePost, Rendered
from bot.slack.trust_chart import _SHARES as SHARES  # pyright: ignore[reportPrivateUsage] that every outcome is in one
from bot.slack.trust_chart import render_trust, share
from incidents.remediation import KINDS
from incidents.trust import Counts, Outcome, Trust
from sandbox.slack.blocks import check_message_blocks
from tests.bot.slack.reading import read
from tests.bot.slack.trust_samples import nothing, record, wide
from tests.bot.told_incident import store_in, told_incident
from tests.incidents.builders import later
from tests.tools.incident_store.stage import Stage
from tools.incident_store.trust_reader import TrustReader


def test_the_message_tells_counts_times_suggestions_and_why_people_said_no() -> None:
    assert read(trust_message(record())) == snapshot("""\
text: What became of the remediations: 18 proposed, 12 recovered
section: *What became of the remediations*
section: *fraud-detector*: 10 incidents · detect 3 min · diagnose 1 min · decide 45 s · recover 12 min
*product-recommender*: 7 incidents, 1 false alarm · detect 3 min · diagnose 1 min · decide 25 s · recover 12 min
row: Model | Remediation | Proposed | Approved | By policy | Denied | Expired | Overtaken | Waiting | Recovered | Failed | Unproven | False alarms
row: fraud-detector | Retrain | 10 | 10 | 0 | 0 | 0 | 0 | 0 | 10 | 0 | 0 | 0
row: product-recommender | Roll back | 7 | 3 | 0 | 1 | 1 | 1 | 1 | 2 | 1 | 0 | 1
row: product-recommender | Notify owners | 1 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0
context: Proposed = approved + by policy + denied + expired + overtaken + waiting. | Approved + by policy = recovered + failed + undone + unproven + stopped + under way. | None: undone, stopped, under way.
section: *What might be considered* (a suggestion only: the level is a line of policy.yaml, with an author)
• fraud-detector, retrain: may be considered for execute_low: 10 proven recoveries, none failed or undone, nobody said no in 90 days (a failure rate of up to 26% is still possible)
• product-recommender, roll back: people decide: 2 of the 30 proven recoveries that are needed, 1 failed, 1 denied in the last 90 days, proposed in 1 false alarm
section: *Why people said no*
• <21 Sep 2026 12:00 UTC as {date_short}>, roll back of product-recommender: “the load test runs until noon”
context: Proposed since <20 Nov 2025 12:00 UTC as {date_short}>. All times are medians.\
""")


def test_one_model_needs_no_column_for_its_name() -> None:
    assert _head(trust_message(record(), "product-recommender"))[0] == HEAD[0]


def test_a_column_in_which_nothing_was_counted_is_left_out_and_named_below() -> None:
    told = trust_message(record())
    assert not {"Undone", "Stopped", "Under way"}.intersection(_head(told))
    assert {"Proposed", "Denied", "Recovered"} <= set(_head(told))
    assert "None: undone, stopped, under way." in read(told)


def _head(message: Rendered) -> list[str]:
    (table,) = (block for block in message.blocks if block["type"] == "table")
    return [cell["text"] for cell in table["rows"][0]]


def test_without_proposals_it_says_so() -> None:
    assert read(trust_message(nothing())) == snapshot("""\
text: What became of the remediations: nothing proposed yet
section: *What became of the remediations*
Nothing has been proposed yet.
context: Proposed since <20 Nov 2025 12:00 UTC as {date_short}>. All times are medians.\
""")


def test_every_kind_has_its_words() -> None:
    assert set(KIND) == set(KINDS)


def test_every_row_adds_up() -> None:
    for line in record().lines:
        counts = line.counts
        assert counts.proposed == sum(
            (
                counts.approved,
                counts.automatic,
                counts.denied,
                counts.expired,
                counts.superseded,
                counts.withdrawn,
                counts.waiting,
            )
        )


@pytest.mark.parametrize("trust", [record(), record("<!channel> *x* `y`"), wide(), nothing()], ids=range(4))
def test_it_fits_into_a_message_of_slack(trust: Trust) -> None:
    message = trust_message(trust)
    check_message_blocks(json.loads(json.dumps(message.blocks)), lambda _: True)
    tables = [block for block in message.blocks if block["type"] == "table"]
    assert len(tables) <= 1
    assert all(len(table["rows"]) <= 100 and len(table["rows"][0]) <= 20 for table in tables)
    mrkdwn = [text for block in message.blocks for text in _mrkdwn(block)]
    assert all("<!channel>" not in text for text in mrkdwn)


def _mrkdwn(block: dict[str, Any]) -> list[str]:
    texts = [block["text"]] if "text" in block else cast("list[dict[str, Any]]", block.get("elements", []))
    return [text["text"] for text in texts if text.get("type") == "mrkdwn"]


def _again(block: dict[str, Any]) -> dict[str, Any]:
    """The block as blockkit builds it, which refuses what Slack would."""
    built: Any
    match block["type"]:
        case "section":
            built = Section(Text(block["text"]["text"], type="mrkdwn", verbatim=True))
        case "context":
            built = Context([Text(e["text"], type="mrkdwn", verbatim=True) for e in block["elements"]])
        case "table":
            columns = [ColumnSettings(is_wrapped=True) for _ in block["column_settings"]]
            built = Table([[RawText(cell["text"]) for cell in row] for row in block["rows"]], columns)
        case "image":
            file = SlackFile(id=block["slack_file"]["id"])
            built = Image(slack_file=file, alt_text=block["alt_text"], title=block["title"]["text"])
        case _:
            raise AssertionError(block["type"])
    return built.build()


@pytest.mark.parametrize("trust", [record(), wide(), nothing()], ids=range(3))
def test_an_independent_check_builds_the_same_blocks(trust: Trust) -> None:
    picture = chart_post(b"png", title="Remediations by month", said="\n".join(chart_words(trust))).message("F1")
    for block in [*trust_message(trust).blocks, *picture.blocks]:
        # blockkit leaves out the title's emoji, which is Slack's own default.
        assert {k: v for k, v in block.items() if k != "title"} == {
            k: v for k, v in _again(block).items() if k != "title"
        }


# The chart.


def test_the_chart_is_a_png_as_wide_as_the_others() -> None:
    png = render_trust(record(), "Remediations by month")
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", png[16:20]) == (1440,)
    assert len(png) < 300_000


def test_every_outcome_is_in_exactly_one_share() -> None:
    fields = [field for _, _, _, fields in SHARES for field in fields]
    assert sorted(fields) == sorted(outcome.value for outcome in Outcome)
    one = Counts(proposed=3, verified=1, failed=1, waiting=1)
    assert sum(share(one, fields) for _, _, _, fields in SHARES) == 3


def test_its_words_tell_what_it_shows() -> None:
    assert chart_words(record()) == snapshot(
        [
            "2026-08: 1 proposed",
            "2026-09: 5 proposed, 3 recovered, 1 denied and 1 expired",
            "2026-10: 5 proposed, 4 recovered and 1 failed or undone",
            "2026-11: 7 proposed, 5 recovered",
        ]
    )
    post = chart_post(b"png", title="t", said=" ".join(chart_words(record())))
    check_message_blocks(post.message("F1").blocks, lambda _: True)


@pytest.mark.parametrize("title", ["$x^{", "a" * 5_000, "\u202e\x00", "_x"])
def test_any_name_may_stand_over_it(title: str) -> None:
    assert render_trust(record(), title)


def test_without_proposals_or_matplotlib_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ChartUnavailable, match="nothing was proposed"):
        render_trust(nothing(), "t")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ChartUnavailable, match="charts"):
        render_trust(record(), "t")


# From the rows to the chart.


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[RecordDesk]:
    database = store_in(tmp_path)
    told_incident(Stage(database))
    yield RecordDesk(TrustReader(database), lambda: later(days=1))
    database.close()


async def test_the_record_is_read_counted_and_drawn(desk: RecordDesk) -> None:
    reply = await desk.trust("product-recommender")
    (line,) = reply.trust.lines
    assert (line.counts.proposed, line.counts.verified) == (1, 1)
    assert isinstance(reply.chart, FilePost) and reply.chart.content.startswith(b"\x89PNG")
    assert reply.chart.alt_text == "2026-11: 1 proposed, 1 recovered."
    nothing_of_it = await desk.trust("fraud-detector")
    assert nothing_of_it.trust.lines == () and nothing_of_it.chart is None


async def test_without_matplotlib_the_words_stand_in_the_charts_place(
    desk: RecordDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    chart = (await desk.trust(None)).chart
    assert isinstance(chart, Rendered)
    assert "charts" in chart.text and "1 recovered" in json.dumps(chart.blocks)
