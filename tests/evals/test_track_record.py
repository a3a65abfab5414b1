"""The counts behind the three bands of confidence are those of the first runs."""

import pytest

from agents.track_record import RIGHT_OF, track_record
from incidents.diagnosis import Confidence, Reasoner
from tests.evals.parts import PARTS


@pytest.mark.parametrize("band", Confidence)
def test_the_counts_are_those_of_the_first_runs_on_unseen_cases(band: Confidence) -> None:
    runs = [run for part in PARTS if (run := part.first_run()) is not None]
    of_band = [case for run in runs for case in run.cases if case.confidence == band.value]
    assert RIGHT_OF[band] == (sum(case.class_right for case in of_band), len(of_band))


def test_they_are_said_of_the_rules_alone() -> None:
    rules, other = Reasoner(name="offline-rules", offline=True), Reasoner(name="claude-x", offline=False)
    right, of = RIGHT_OF[Confidence.HIGH]
    assert f"{right} of {of}" in track_record(Confidence.HIGH, rules)
    assert "not measured" in track_record(Confidence.HIGH, other)
