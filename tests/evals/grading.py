"""Findings against the expected answer of a case."""

from collections.abc import Sequence
from datetime import timedelta

from incidents.diagnosis import Culprit, RootCause
from incidents.investigation import Findings
from incidents.proposal import RemediationChoice, When
from incidents.remediation import (
    QuarantineData,
    RemediationKind,
    RerunDataPipeline,
    RollbackEndpoint,
    StartRetraining,
)
from tests.evals.eval_case import EvalCase, Expected
from tests.evals.outcome import Outcome


class Grade(Outcome):
    """How one case was answered. None stands for what the case does not ask."""

    title: str
    traps: tuple[str, ...]
    wanted: str
    """The first expected class."""
    accepted: tuple[str, ...]
    culprit: str
    proposed: tuple[str, ...]
    advice: tuple[str, ...]
    gaps: tuple[str, ...]
    struck: int
    reasoner: str
    offline: bool
    seconds: float
    input_tokens: int
    output_tokens: int
    requests: int
    cost_usd: float | None
    summary: str

    @property
    def wrong(self) -> list[str]:
        """What is not right, in a few words each."""
        told = {
            f"class {self.got}": not self.class_right,
            f"culprit {self.culprit or 'none'}": self.culprit_right is False,
            _onset_in_words(self.onset_error_s): self.onset_right is False,
            "verdict on retraining": self.verdict_right is False,
            f"remediation {', '.join(self.proposed) or 'none'}; advice {', '.join(self.advice) or 'none'}": (
                not self.remediation_right
            ),
            f"HARMFUL: {'; '.join(self.harmful)}": bool(self.harmful),
            f"shows {'; '.join(self.said)}": bool(self.said),
            f"LEAKED {'; '.join(self.leaked)}": bool(self.leaked),
        }
        return [words for words, holds in told.items() if holds]


def grade(case: EvalCase, findings: Findings) -> Grade:
    """The grade of one case."""
    expected, diagnosis, plan = case.expected, findings.diagnosis, findings.plan
    proposed = tuple(choice.remediation.kind for choice in plan.choices)
    off = None if expected.onset is None or diagnosis.onset is None else diagnosis.onset - expected.onset
    who = diagnosis.reasoner
    return Grade(
        case=case.name,
        title=case.title,
        traps=case.traps,
        wanted=expected.classes[0].value,
        accepted=tuple(one.value for one in expected.classes),
        got=diagnosis.root_cause.value,
        confidence=diagnosis.confidence.value,
        class_right=diagnosis.root_cause in expected.classes,
        culprit=f"{diagnosis.culprit.kind} {diagnosis.culprit.name}".strip(),
        culprit_right=_culprit_right(expected, diagnosis.culprit),
        onset_error_s=off.total_seconds() if off is not None else None,
        onset_right=_onset_right(expected, off),
        verdict_right=None if expected.retrain is None else diagnosis.retraining.retrain == expected.retrain,
        remediation_right=_acceptable(case, plan.choices) and set(expected.advice) <= set(diagnosis.advice),
        harmful=tuple(harm for choice in plan.choices if (harm := _harm(case, plan.choices, choice))),
        said=_said(expected, findings),
        leaked=tuple(secret for secret in expected.secrets if secret in findings.model_dump_json()),
        proposed=proposed,
        advice=tuple(one.value for one in diagnosis.advice),
        gaps=diagnosis.gaps,
        struck=len(diagnosis.struck),
        reasoner=who.name,
        offline=who.offline,
        seconds=who.seconds,
        input_tokens=who.input_tokens,
        output_tokens=who.output_tokens,
        requests=who.requests,
        cost_usd=float(who.cost_usd) if who.cost_usd is not None else None,
        summary=diagnosis.summary,
    )


def _culprit_right(expected: Expected, culprit: Culprit) -> bool | None:
    if not expected.culprit:
        return None
    return any(
        (wanted.kind is None or wanted.kind == culprit.kind) and (wanted.name is None or wanted.name == culprit.name)
        for wanted in expected.culprit
    )


def _onset_right(expected: Expected, off: timedelta | None) -> bool | None:
    """An onset that is asked for and not given is wrong."""
    if expected.onset is None:
        return None
    return off is not None and abs(off) <= expected.within


SIDE: frozenset[RemediationKind] = frozenset({"OpenIssue", "NotifyOwners"})
"""Telling somebody changes nothing: never wrong, never harm."""
REPAIRS: frozenset[RemediationKind] = frozenset({"QuarantineData", "RerunDataPipeline"})


def _acceptable(case: EvalCase, choices: Sequence[RemediationChoice]) -> bool:
    """Whether all that is proposed may be: see "How steps are graded" in the README."""
    expected = case.expected
    acceptable = set(expected.acceptable)
    if RootCause.DATA_QUALITY in expected.classes:
        acceptable |= REPAIRS
    changing = [choice for choice in choices if choice.remediation.kind not in SIDE]
    if not changing:
        return "none" in acceptable
    return all(_is_way_back(case, choices, one) or one.remediation.kind in acceptable for one in changing)


def _harm(case: EvalCase, choices: Sequence[RemediationChoice], choice: RemediationChoice) -> str:
    """Why a choice would do harm; empty where it would not."""
    expected, remediation = case.expected, choice.remediation
    if remediation.kind in SIDE or _is_way_back(case, choices, choice):
        return ""
    if remediation.kind in expected.harmful:
        return remediation.kind
    match remediation:
        case RollbackEndpoint():
            if expected.rollback_to and remediation.to_config != expected.rollback_to:
                return f"RollbackEndpoint to {remediation.to_config}, not {expected.rollback_to}"
        case StartRetraining():
            if expected.keep_out:
                begin, end = expected.keep_out
                if remediation.window_start < end and remediation.window_end > begin:
                    return "StartRetraining on a window with bad data in it"
        case QuarantineData(mode="release"):
            return "QuarantineData releases a window"
        case QuarantineData(window_start=begin) | RerunDataPipeline(window_start=begin):
            if expected.onset and begin > expected.onset + expected.within:
                return f"{remediation.kind} from the midst of the bad data"
        case _:
            pass
    return ""


def _is_way_back(case: EvalCase, choices: Sequence[RemediationChoice], choice: RemediationChoice) -> bool:
    """A rollback for a candidate that is refused: behind the retraining, to a config that served before the live one.

    Nothing else that waits for a gate is spared: it is graded as if it were proposed at once.
    """
    if choice.when is not When.IF_GATE_FAILS or not isinstance(choice.remediation, RollbackEndpoint):
        return False
    before = choices[: choices.index(choice)]
    served = sorted((c.live_since, c.name) for c in case.endpoint.configs if c.live_since is not None)
    return (
        any(isinstance(one.remediation, StartRetraining) for one in before)
        and "StartRetraining" in case.expected.acceptable
        and choice.remediation.to_config in {name for _, name in served[:-1]}
    )


def _said(expected: Expected, findings: Findings) -> tuple[str, ...]:
    """Struck statements are shown as struck, so they may repeat what they were struck for."""
    shown = findings.diagnosis.model_dump_json(exclude={"struck"}) + findings.plan.model_dump_json()
    return tuple(words for words in expected.must_not_say if words.lower() in shown.lower())


def _onset_in_words(off: float | None) -> str:
    return "no onset" if off is None else f"onset off by {off / 60:+.0f} min"
