"""Baselines answer as a plain monitor would, and are graded as a reasoner is."""

import asyncio

from tests.evals import baselines, runner
from tests.evals.eval_case import FOLDER, read_case
from tests.evals.outcome import Outcome


def graded(*names: str) -> dict[str, list[Outcome]]:
    cases = [read_case(FOLDER / name) for name in names]
    return asyncio.run(baselines.answers(cases, runner.shipped_catalogue()))


def test_the_last_change_is_blamed_and_undone() -> None:
    [right, wrong] = graded("02_new_config_errors_only", "22_drift_with_innocent_deployment")[baselines.LAST_CHANGE]
    assert right.class_right
    assert right.culprit_right
    assert right.remediation_right
    assert not wrong.class_right
    assert wrong.harmful == ("RollbackEndpoint",)


def test_without_a_change_nothing_is_blamed() -> None:
    [nulls] = graded("10_upstream_nulls")[baselines.LAST_CHANGE]
    assert nulls.got == "unknown"
    assert nulls.harmful == ()


def test_the_largest_z_score_takes_drift_without_harm_for_drift() -> None:
    [harm, none] = graded("22_drift_with_innocent_deployment", "70_price_list")[baselines.LARGEST_Z]
    assert harm.got == none.got == "feature_drift"
    assert harm.class_right
    assert none.harmful == ("StartRetraining",)


def test_the_largest_z_score_knows_nothing_where_nothing_can_be_read() -> None:
    [down, quiet] = graded("80_prometheus_down", "86_rule_nobody_knows")[baselines.LARGEST_Z]
    assert (down.got, quiet.got) == ("unknown", "benign")


def test_a_whole_answer_asks_for_everything() -> None:
    told = graded("22_drift_with_innocent_deployment")
    [right], [wrong] = told[baselines.LARGEST_Z], told[baselines.LAST_CHANGE]
    assert right.whole
    assert not wrong.whole
    assert not right.model_copy(update={"onset_right": False}).whole
    assert right.model_copy(update={"onset_right": None}).whole
    assert not right.model_copy(update={"harmful": ("RollbackEndpoint",)}).whole
