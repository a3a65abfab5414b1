"""The copy of the policy: what a scenario raises, and that the rest stays as it is written."""

from pathlib import Path

import yaml

from incidents.policy import Policy
from sandbox.policy_copy import PolicyCopy

SHIPPED = Path(__file__).parents[3] / "manifests" / "policy.yaml"


def test_the_copy_is_the_original_to_the_letter(tmp_path: Path):
    assert PolicyCopy(SHIPPED, tmp_path).path.read_text() == SHIPPED.read_text()


def test_a_scenario_raises_one_model_with_author_and_reason(tmp_path: Path):
    copy = PolicyCopy(SHIPPED, tmp_path)
    copy.set_autonomy("product-recommender", "execute_high", "autonomous_rollback")
    policy = Policy.model_validate(yaml.safe_load(copy.path.read_text()))
    entry = policy.autonomy["product-recommender"]
    assert (entry.level, entry.author) == ("execute_high", "sandbox scenario")
    assert "autonomous_rollback" in (entry.reason or "")
    assert {name: policy.autonomy_of(name) for name in ("fraud-detector", "churn-predictor")} == {
        "fraud-detector": "suggest",
        "churn-predictor": "suggest",
    }
    assert len(copy.path.read_text().splitlines()) == len(SHIPPED.read_text().splitlines())


def test_the_next_scenario_and_a_reset_put_it_back(tmp_path: Path):
    copy = PolicyCopy(SHIPPED, tmp_path)
    copy.set_autonomy("product-recommender", "execute_high", "autonomous_rollback")
    copy.set_autonomy("product-recommender", None, "bad_deployment")
    assert copy.path.read_text() == SHIPPED.read_text()
    copy.set_autonomy("product-recommender", "execute_high", "autonomous_rollback")
    copy.reset()
    assert copy.path.read_text() == SHIPPED.read_text()


def test_a_model_that_the_policy_does_not_name_is_added(tmp_path: Path):
    original = tmp_path / "original.yaml"
    original.write_text("version: 1\nautonomy:\n  other: suggest\n\nrules: []\n")
    copy = PolicyCopy(original, tmp_path)
    copy.set_autonomy("mine", "execute_low", "scenario")
    assert yaml.safe_load(copy.path.read_text())["autonomy"].keys() == {"mine", "other"}
    original.write_text("version: 1\nrules: []\n")
    copy = PolicyCopy(original, tmp_path)
    copy.set_autonomy("mine", "execute_low", "scenario")
    assert yaml.safe_load(copy.path.read_text())["autonomy"].keys() == {"mine"}
