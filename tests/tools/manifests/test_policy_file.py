"""A policy file that contradicts itself is refused, with file, line and key."""

from pathlib import Path
from textwrap import dedent, indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.errors import ManifestError
from incidents.policy import decide, strictness
from incidents.policy_review import facts_of
from tests.thoroughness import EXAMPLES
from tools.manifests.load import load_policy, parse_policy

ASK = "{effect: require_approval, approvers: [leads]}"
NO = "{effect: forbid, because: never}"
TWO = "{effect: require_approval, count: 2, approvers: [leads]}"


def rules(*lines: str) -> str:
    return "version: 1\nrules:\n" + "".join(f"  - {line}\n" for line in lines)


ONE = rules(f"{{name: a, then: {ASK}}}")


def refusal(tmp_path: Path, text: str) -> ManifestError:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        load_policy(path)
    assert caught.value.file == str(path)
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        (
            rules(f"{{name: a, when: {{remediation: [OpenIssue], risk: [high]}}, then: {ASK}}}"),
            3,
            "rules[0].when.risk",
            "never applies: OpenIssue is of risk none",
        ),
        (rules(f"{{name: a, when: {{tier: []}}, then: {ASK}}}"), 3, "rules[0].when.tier", "at least 1 item"),
        (
            rules(f"{{name: a, when: {{tier: [9]}}, then: {ASK}}}"),
            3,
            "rules[0].when.tier[0]",
            "less than or equal to 4",
        ),
        (
            rules(f"{{name: a, when: {{confidence_below: low}}, then: {NO}}}"),
            3,
            "rules[0].when.confidence_below",
            "no confidence is below low",
        ),
        (
            rules(f"{{name: a, when: {{confidence: [high], confidence_below: medium}}, then: {NO}}}"),
            3,
            "rules[0].when.confidence_below",
            "never applies",
        ),
        (
            rules(f"{{name: a, when: {{minutes_since_last_below: 0}}, then: {NO}}}"),
            3,
            "rules[0].when.minutes_since_last_below",
            "greater than 0",
        ),
        (
            rules(f"{{name: a, when: {{frozen_by: [sale]}}, then: {NO}}}"),
            3,
            "rules[0].when.frozen_by",
            "no freeze named sale",
        ),
        (
            rules("{name: a, then: {effect: require_approval, count: 2, approvers: [U111, U111]}}"),
            3,
            "rules[0].then.count",
            "asks for 2 people, and approvers names 1",
        ),
        (
            rules("{name: a, then: {effect: require_approval, approvers: [leads], escalate_to: []}}"),
            3,
            "rules[0].then.escalate_to",
            "names nobody",
        ),
        (
            rules("{name: a, then: {effect: require_approval, approvers: ['@leads']}}"),
            3,
            "rules[0].then.approvers[0]",
            "without the @",
        ),
        (
            rules("{name: a, then: {effect: require_approval, approvers: [leads], break_glass: true}}"),
            3,
            "rules[0].then.break_glass",
            "count: 2",
        ),
        (
            rules(f"{{name: a, when: {{tier: [1]}}, then: {ASK}}}", f"{{name: b, then: {NO}}}"),
            3,
            "rules[0].then",
            "has no effect: whenever it applies, 'b' forbids",
        ),
        (
            rules(
                f"{{name: b, when: {{risk: [low]}}, then: {ASK}}}",
                "{name: a, when: {remediation: [StartRetraining], tier: [1]}, then: {effect: allow}}",
            ),
            4,
            "rules[1].then",
            "has no effect: whenever it applies, 'b' asks for approval",
        ),
        (
            rules(
                f"{{name: a, when: {{in_flight_at_least: 2}}, then: {ASK}}}",
                f"{{name: b, when: {{in_flight_at_least: 1}}, then: {NO}}}",
            ),
            3,
            "rules[0].then",
            "'b' forbids",
        ),
        (
            rules(
                f"{{name: a, then: {ASK}}}",
                "{name: b, when: {tier: [1]}, then: {effect: require_approval, approvers: [oncall]}}",
            ),
            4,
            "rules[1].then",
            "nobody is an approver of this and of 'a'",
        ),
        (
            rules(f"{{name: a, then: {ASK}}}", f"{{name: b, then: {ASK}}}", f"{{name: a, then: {NO}}}"),
            5,
            "rules[2].name",
            "'a' stands here twice, first on line 3",
        ),
        (
            "autonomy:\n  m: execute_high\n" + ONE,
            2,
            "autonomy.m",
            "execute_high needs author and reason",
        ),
        (
            "autonomy:\n  m: {level: execute_low, author: me, raeson: x}\n" + ONE,
            2,
            "autonomy.m.raeson",
            "did you mean reason?",
        ),
        (
            "time_zone: Mars\n" + ONE,
            1,
            "time_zone",
            "'Mars' is no time zone",
        ),
        (
            ONE
            + "freezes:\n  - name: night\n    weekly:\n      days: [mon]\n      starts: 18:00\n      ends: '08:00'\n",
            8,
            "freezes[0].weekly.starts",
            "put the time in quotes",
        ),
        (
            ONE + "freezes:\n  - name: sale\n    between:\n      starts: 2026-01-02 08:00:00\n      ends: 2026-01-01\n",
            6,
            "freezes[0].between",
            "not after its start",
        ),
        (
            ONE + "examples:\n  - name: one\n    remediation: OpenIssue\n    expect: {effect: allow}\n",
            7,
            "examples[0].expect",
            "the example 'one' fails: expected allow; the rules say require_approval: 1 of leads in 5 min (a)",
        ),
        (
            ONE
            + "examples:\n  - {name: one, remediation: OpenIssue, expect: {effect: require_approval, rules: [b]}}\n",
            5,
            "examples[0].expect.rules",
            "there is no rule named b",
        ),
        (
            ONE + "examples:\n  - {name: one, remediation: OpenIssue, expect: {effect: allow, count: 2}}\n",
            5,
            "examples[0].expect",
            "count and break_glass belong to require_approval",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line_and_key(
    tmp_path: Path, text: str, line: int, key: str, words: str
) -> None:
    error = refusal(tmp_path, text)
    assert words in error.problem
    assert (error.line, error.key) == (line, key)


@pytest.mark.parametrize(
    "text",
    [
        # Each applies without the other in some case.
        rules(f"{{name: a, when: {{tier: [1, 2]}}, then: {ASK}}}", f"{{name: b, when: {{tier: [1]}}, then: {NO}}}"),
        rules(
            f"{{name: a, when: {{minutes_since_last_below: 30}}, then: {ASK}}}",
            f"{{name: b, when: {{minutes_since_last_below: 10}}, then: {NO}}}",
        ),
        rules(
            f"{{name: a, when: {{cost_today_above: 10}}, then: {ASK}}}",
            f"{{name: b, when: {{cost_today_above: 20}}, then: {NO}}}",
        ),
        rules("{name: a, then: {effect: allow}}", f"{{name: b, when: {{paused: true}}, then: {NO}}}"),
        # A stricter rule for a part of the cases is the usual thing.
        rules(
            f"{{name: a, when: {{tier: [1]}}, then: {TWO}}}",
            f"{{name: b, then: {ASK}}}",
        ),
        rules("{name: a, then: {effect: require_approval, count: 3, approvers: [U111, leads]}}"),
    ],
)
def test_rules_that_only_overlap_are_taken(text: str) -> None:
    assert parse_policy(text.encode(), "policy.yaml").rules


def test_examples_that_fail_are_read_where_they_are_to_be_played() -> None:
    text = ONE + indent(
        dedent("""\
        examples:
          - {name: one, remediation: OpenIssue, expect: {effect: allow}}
        """),
        "",
    )
    assert len(parse_policy(text.encode(), "policy.yaml", examples=False).examples) == 1
    with pytest.raises(ManifestError):
        parse_policy(text.encode(), "policy.yaml")


SHIPPED = (Path(__file__).parents[3] / "manifests" / "policy.yaml").read_text(encoding="utf-8")


def test_the_shipped_file_with_its_end_missing_is_never_looser_than_the_whole() -> None:
    """Who replaces the file in place shows a part of it for a moment."""
    whole = parse_policy(SHIPPED.encode(), "policy.yaml")
    lines = SHIPPED[: SHIPPED.index("examples:\n")].splitlines(keepends=True)
    cases = [facts_of(example, whole) for example in whole.examples]
    read = 0
    for end in range(lines.index("rules:\n") + 1, len(lines)):
        try:
            part = parse_policy("".join(lines[:end]).encode(), "policy.yaml")
        except ManifestError:
            continue
        read += 1
        for facts in cases:
            assert strictness(decide(part, facts).effect) >= strictness(decide(whole, facts).effect), facts
    assert read > len(whole.rules)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.integers(0, len(SHIPPED)), st.integers(0, 400), st.sampled_from(["", "x", "- ", "{", "1", ": ", "\n", "&a *a"])
)
def test_any_damage_to_the_file_is_refused_or_is_a_policy(begin: int, length: int, instead: str) -> None:
    """Any other error would be a crash where a no is needed."""
    damaged = SHIPPED[:begin] + instead + SHIPPED[begin + length :]
    try:
        parse_policy(damaged.encode(), "policy.yaml")
    except ManifestError as error:
        assert str(error).startswith("policy.yaml")
