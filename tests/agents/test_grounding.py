"""Uncited means unsaid: what counts as covered by evidence."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.evidence_book import EvidenceBook
from agents.grounding import check, problem_of, told_problem
from agents.moments import clocks_in
from agents.numbers import Number, numbers_in, says
from agents.readings.found import Found
from agents.readings.gap import GapReading
from agents.readings.metrics import QueryReading
from incidents.diagnosis import (
    Claim,
    Confidence,
    Culprit,
    DiagnosisDraft,
    RetrainingVerdict,
    RootCause,
    RunbookCitation,
)
from incidents.evidence import Evidence, EvidenceKind, Figure
from tests.agents.fake_runbooks import runbooks
from tests.agents.moments import NOW


def fact(found: str, *figures: Figure, subject: str | None = None) -> Found:
    evidence = Evidence(
        id="",
        kind=EvidenceKind.METRIC,
        source="Prometheus",
        asked="rate(x[5m])",
        found=found,
        figures=figures,
        subject=subject,
        read_at=NOW,
    )
    return Found(evidence, QueryReading(values=()))


def book() -> EvidenceBook:
    made = EvidenceBook()
    made.admit(
        [
            fact(
                "p99 latency of shop-prod rose from 0.21 s to 2.48 s at 19:02:10 UTC.",
                Figure(name="now", value=2.4839, unit="s"),
                Figure(name="limit", value=1.0, unit="s"),
                subject="shop-prod",
            ),
            fact("The null ratio of last_login_days is 38.1 %.", Figure(name="now", value=0.3812, unit="ratio")),
        ]
    )
    words = "The runbooks could not be read: Runbook index did not answer."
    gap = Evidence(id="", kind=EvidenceKind.GAP, source="Runbook index", asked="x", found=words, read_at=NOW)
    made.admit([Found(gap, GapReading(source="Runbook index", part="runbooks", words=words))])
    return made


@pytest.mark.parametrize(
    "claim",
    [
        "p99 latency rose from 0.21 s to 2.48 s.",
        "p99 latency rose to about 2.5 s.",
        "p99 latency is 2484 ms.",
        "p99 latency is 2,500 ms, past its limit of 1 s.",
        "p99 rose at 19:02:10 UTC.",
        "It began at 19:02.",
        "Over 5 minutes, shop-prod was slow.",
        "It got slower on 20 Nov.",
    ],
)
def test_numbers_of_the_evidence_pass_as_people_round_them(claim: str):
    assert problem_of(claim, ["E1"], book()) is None


@pytest.mark.parametrize("claim", ["38 % of the values are null.", "38.1 per cent are null.", "The ratio is 0.38."])
def test_ratios_and_per_cent_are_the_same_thing(claim: str):
    assert problem_of(claim, ["E2"], book()) is None


@pytest.mark.parametrize(
    ("claim", "culprit"),
    [
        ("p99 latency rose to 9.9 s.", "9.9 s"),
        ("p99 latency rose to 2.48 minutes.", "2.48 minutes"),
        ("p99 latency rose at 18:59:00 UTC.", "18:59:00"),
        ("It costs 1,200 requests.", "1,200 requests"),
        ("Latency rose by 300 %.", "300 %"),
    ],
)
def test_numbers_of_nobody_fail(claim: str, culprit: str):
    assert problem_of(claim, ["E1"], book()) == f"{culprit} does not stand in that evidence"


def test_a_claim_names_evidence_that_exists():
    assert problem_of("It is slow.", [], book()) == "it names no evidence"
    assert problem_of("It is slow.", ["E1", "E77"], book()) == "there is no evidence E77"


def test_a_gap_supports_only_that_it_is_one():
    assert problem_of("The runbooks say so.", ["E3"], book()) == "it rests on something that could not be read"
    assert problem_of("The runbooks could not be read.", ["E3"], book()) is None


def test_numbers_of_other_evidence_do_not_count():
    assert problem_of("38 % are null.", ["E1"], book()) is not None
    assert told_problem("38 % are null and p99 is 2.48 s.", book()) is None


@pytest.mark.parametrize("text", ["p99", "F1 of product-recommender-v24", "E3 and E14", "2026-11-20", "at 19:02:10"])
def test_names_dates_and_times_are_no_numbers(text: str):
    assert list(numbers_in(text)) == []


def test_times_are_found_to_the_second_or_the_minute():
    assert clocks_in("from 9:05 to 19:02:10.5 UTC") == {"09:05", "19:02:10"} | set() or clocks_in("19:02") == {"19:02"}


@given(st.floats(0.001, 100_000, allow_nan=False), st.integers(0, 4))
def test_any_number_passes_however_it_is_rounded(value: float, decimals: int):
    (number,) = numbers_in(f"it is {value:.{decimals}f} now")
    assert says(number, Number("", value))


@given(st.floats(0.0, 1.0), st.integers(0, 2))
def test_any_ratio_passes_in_per_cent(value: float, decimals: int):
    (number,) = numbers_in(f"it is {value * 100:.{decimals}f} % now")
    assert says(number, Number("", value, "ratio"))


@given(st.floats(0.01, 1000), st.floats(0.01, 1000))
def test_numbers_that_differ_by_more_than_rounding_fail(one: float, other: float):
    (number,) = numbers_in(f"it is {one:.3f} now")
    far = abs(one - other) > 0.002 and not math.isclose(one, other, rel_tol=0.01)
    assert not (far and says(number, Number("", other, "s")))


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_numbers(text: str):
    assert all(math.isfinite(number.value) for number in numbers_in(text))
    assert isinstance(clocks_in(text), set)


def draft(**changes: object) -> DiagnosisDraft:
    return DiagnosisDraft.model_validate(
        {
            "root_cause": RootCause.BAD_DEPLOYMENT,
            "culprit": Culprit(kind="endpoint_config", name="shop-prod"),
            "confidence": Confidence.HIGH,
            "summary": "It is slow.",
            "claims": (Claim(text="p99 latency rose to 2.48 s.", evidence=("E1",)),),
            "hypotheses": (),
            "retraining": RetrainingVerdict(retrain=False, because="No need."),
            **changes,
        }
    )


async def test_a_covered_draft_is_left_alone():
    checked = await check(draft(), book(), runbooks(), None)
    assert checked.struck == []
    assert checked.draft == draft()


async def test_quotes_must_stand_in_the_file_word_for_word():
    good = RunbookCitation(
        file="EndpointLatencyP99High.md",
        heading="Mitigation",
        quote="Roll back the endpoint config to the last one that was healthy.",
    )
    bad = good.model_copy(update={"quote": "Roll back everything that was ever deployed."})
    elsewhere = good.model_copy(update={"heading": "Diagnosis"})
    checked = await check(draft(citations=(good, bad, elsewhere)), book(), runbooks(), None)
    assert [citation.quote for citation in checked.draft.citations] == [good.quote]
    assert checked.draft.citations[0].lines == (3, 3)
    assert len(checked.struck) == 2


async def test_quotes_that_nobody_can_check_are_not_shown():
    quote = RunbookCitation(file="x.md", heading="y", quote="some words that nobody can check")
    closed = runbooks()
    closed.down = True
    assert (await check(draft(citations=(quote,)), book(), closed, None)).draft.citations == ()


async def test_a_culprit_that_nothing_names_is_taken_out():
    checked = await check(draft(culprit=Culprit(kind="feature", name="amount")), book(), runbooks(), None)
    assert checked.draft.culprit.kind == "none"
    assert checked.draft.confidence is Confidence.LOW


async def test_a_summary_with_figures_of_its_own_is_replaced_by_claims():
    checked = await check(draft(summary="Latency rose by 4711 %."), book(), runbooks(), None)
    assert checked.draft.summary == "p99 latency rose to 2.48 s."


async def test_a_retraining_verdict_on_nothing_is_a_no():
    verdict = RetrainingVerdict(retrain=True, because="It drifted.", evidence=("E50",))
    checked = await check(draft(retraining=verdict), book(), runbooks(), None)
    assert not checked.draft.retraining.retrain
