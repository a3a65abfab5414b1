from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import ManifestError
from tools.manifests.load import load_catalogue, load_policy
from tools.manifests.yaml_lines import parse

ROOT = Path(__file__).resolve().parents[3]

GOOD = """\
version: 1
defaults:
  channel: ml-incidents
  environment: prod
models:
  fraud-detector:
    tier: 1
    endpoint: {name: fraud-detector-prod}
    signals: &signals
      feature_psi:
        {kind: feature_drift, query: 'ml_psi{model="$model"}', comparison: ">", warning: 0.1, baseline: b, unit: PSI}
  churn-predictor:
    environment: staging
    channel: churn-alerts
    endpoint:
      name: churn-predictor-prod
    signals: *signals
"""

Wrong = Callable[[str, str], ManifestError]


@pytest.fixture
def wrong(tmp_path: Path) -> Wrong:
    """The error of the good catalogue with one text in place of another."""

    def load(old: str, new: str) -> ManifestError:
        assert old in GOOD
        path = tmp_path / "models.yaml"
        path.write_text(GOOD.replace(old, new, 1))
        with pytest.raises(ManifestError) as caught:
            load_catalogue(path)
        assert caught.value.file == str(path)
        return caught.value

    return load


def test_shipped_catalogue_and_policy_load() -> None:
    catalogue = load_catalogue(ROOT / "manifests" / "models.yaml")
    assert list(catalogue.models) == ["fraud-detector", "churn-predictor", "product-recommender"]
    assert len({len(model.signals) for model in catalogue.models.values()}) == 1
    assert load_policy(ROOT / "manifests" / "policy.yaml").rules


def test_an_entry_takes_its_key_as_name_and_defaults_for_what_it_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(GOOD)
    models = load_catalogue(path).models
    assert models["fraud-detector"].name == "fraud-detector"
    assert models["fraud-detector"].channel == "ml-incidents"
    assert models["fraud-detector"].environment == "prod"
    assert models["churn-predictor"].channel == "churn-alerts"
    assert models["churn-predictor"].environment == "staging"


def test_an_alias_gives_each_entry_the_same_signals(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(GOOD)
    models = load_catalogue(path).models
    assert models["churn-predictor"].signals == models["fraud-detector"].signals


def test_a_merge_key_is_overridden_by_the_entry(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(GOOD + "  other:\n    <<: &base {tier: 2, team: one}\n    team: two\n")
    other = load_catalogue(path).models["other"]
    assert (other.tier, other.team) == (2, "two")


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"),
    [
        ("tier: 1", "teir: 1", 7, "models.fraud-detector.teir", "did you mean tier?"),
        ("tier: 1", "tier: 9", 7, "models.fraud-detector.tier", "less than or equal to 4; found 9"),
        ("tier: 1", "tier: one", 7, "models.fraud-detector.tier", "found 'one'"),
        ("tier: 1", "tier: 1\n    tier: 2", 8, "models.fraud-detector.tier", "twice, first on line 7"),
        ("tier: 1", "team: yes", 7, "models.fraud-detector.team", "put it in quotes"),
        ("tier: 1", "account: 123456789012", 7, "models.fraud-detector.account", "put it in quotes"),
        ("tier: 1", "name: other", 7, "models.fraud-detector.name", "its key says fraud-detector"),
        ("tier: 1", "features: amount", 7, "models.fraud-detector.features", "must be a list; found 'amount'"),
        ("version: 1", "version: 2", 1, "version", "must be 1; found 2"),
        ("version: 1\n", "", None, "version", "is missing; add it"),
        ("  channel: ml-incidents\n", "", 1 + 1, "defaults.channel", "is missing; add it"),
        ("{name: fraud-detector-prod}", "{variant: A}", 8, "models.fraud-detector.endpoint.name", "is missing"),
        ("{name: fraud-detector-prod}", "fraud-detector-prod", 8, "models.fraud-detector.endpoint", "a mapping"),
        (
            "name: churn-predictor-prod",
            "name: fraud-detector-prod",
            16,
            "models.churn-predictor.endpoint.name",
            "already",
        ),
        ("warning: 0.1", "warn: 0.1", 11, "models.fraud-detector.signals.feature_psi.warn", "did you mean warning?"),
        ("warning: 0.1, ", "", 10, "models.fraud-detector.signals.feature_psi", "at least one of warning and critical"),
        ("feature_drift", "drift", 11, "models.fraud-detector.signals.feature_psi.kind", "'feature_drift'"),
        (
            '{model="$model"}',
            '{model="$model"',
            11,
            "models.fraud-detector.signals.feature_psi.query",
            "not valid PromQL",
        ),
        ('{model="$model"}', " > 0.2", 11, "models.fraud-detector.signals.feature_psi.query", "the value alone"),
        ('{model="$model"}', "[5m]", 11, "models.fraud-detector.signals.feature_psi.query", "a range of values"),
        ("signals: *signals", "signals: *other", 17, "", "undefined alias"),
        ("  churn-predictor:\n", "  churn-predictor\n", 13, "", "not valid YAML"),
        ("tier: 1", "? [a, b]\n    : 1", 7, "models.fraud-detector", "a key must be a word"),
        ("tier: 1", "tier: !!python/name:os.system", 7, "", "not valid YAML"),
        ("tier: 1", "team: 2024-99-99", 7, "models.fraud-detector.team", "put it in quotes"),
        ("tier: 1", "roles: &r {reader: *r}", 7, "models.fraud-detector.roles.reader", "refers to itself"),
    ],
)
def test_a_mistake_is_named_by_line_key_and_words(
    wrong: Wrong, old: str, new: str, line: int | None, key: str, words: str
) -> None:
    error = wrong(old, new)
    assert words in error.problem
    assert error.key == key
    assert error.line == line


def test_several_mistakes_are_counted_and_the_topmost_is_told(wrong: Wrong) -> None:
    error = wrong("tier: 1\n", "tier: 7\n    colour: red\n")
    assert error.line == 7
    assert "1 more: line 8" in error.problem


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"- a\n- b\n", "must be a mapping"),
        (b"\xff\xfe\x00", "not valid YAML"),
        (b"a: \x00", "not valid YAML"),
        (b"a: 1\n---\nb: 2\n", "not valid YAML"),
        (b"x" * 1_000_001, "larger than"),
    ],
)
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "models.yaml"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=words):
        load_catalogue(path)


def test_a_missing_file_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load_policy(tmp_path / "nowhere.yaml")


def test_anchors_that_unfold_without_end_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    path = tmp_path / "models.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(ManifestError, match="unfold into too much"):
        load_catalogue(path)


@given(st.text(max_size=80) | st.binary(max_size=80))
def test_any_text_is_read_or_refused_as_a_manifest(text: str | bytes) -> None:
    try:
        parse(text, "models.yaml")
    except ManifestError as error:
        assert str(error).startswith("models.yaml")


def test_a_file_nested_too_deeply_is_refused() -> None:
    with pytest.raises(ManifestError, match="nested too deeply"):
        parse("[" * 5_000 + "]" * 5_000, "models.yaml")


@pytest.mark.parametrize(
    ("rules", "line", "key", "words"),
    [
        ("[]", 2, "rules", "at least 1 item"),
        ("[{name: a, then: {effect: allowed}}]", 2, "rules[0].then", "effect"),
        ("[{name: a, then: {because: x}}]", 2, "rules[0].then", "effect"),
        ("[{name: a, then: {effect: require_approval, approvers: []}}]", 2, "rules[0].then.approvers", "at least 1"),
        ("[{name: a, when: {teir: [1]}, then: {effect: allow}}]", 2, "rules[0].when.teir", "did you mean tier?"),
        (
            "[{name: a, then: {effect: allow}}, {name: a, then: {effect: allow}}]",
            2,
            "rules[1].name",
            "stands here twice",
        ),
        ("[{name: a, then: {effect: forbid, becuase: no}}]", 2, "rules[0].then.becuase", "did you mean because?"),
    ],
)
def test_a_mistake_in_the_policy_is_named(tmp_path: Path, rules: str, line: int | None, key: str, words: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        dedent(
            """\
            version: 1
            rules: {rules}
            """
        ).format(rules=rules)
    )
    with pytest.raises(ManifestError) as caught:
        load_policy(path)
    assert words in caught.value.problem
    assert (caught.value.line, caught.value.key) == (line, key)
