"""An incident in each of its states, with one untrusted text in every place that can hold one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.slack.blocks.links import Links
from bot.slack.listing import Listing
from bot.slack.views import (
    AnswerView,
    ApprovalLine,
    DoneLine,
    HomeView,
    IncidentLine,
    IncidentsView,
    ModelStatus,
    Passage,
    RunbooksView,
    StatusView,
)
from incidents.alert import Alert, Severity
from incidents.approval import ApprovalState, ApprovalView, Vote
from incidents.budget import WaitsFor
from incidents.catalogue import EndpointSpec, ModelSpec
from incidents.daily_note import DailyNote, ModelDay, SignalDay
from incidents.diagnosis import (
    Advice,
    Claim,
    Confidence,
    Culprit,
    Diagnosis,
    Hypothesis,
    Reasoner,
    RetrainingVerdict,
    RootCause,
    RunbookCitation,
    SimilarIncident,
    Struck,
)
from incidents.evidence import Evidence, EvidenceKind, Figure
from incidents.execution import Execution, ExecutionState
from incidents.incident import Incident, IncidentState
from incidents.investigation import Findings, ProgressStep
from incidents.ledger import IncidentFile, InvestigationView, ProposalView, VerificationView
from incidents.origin import EndpointOrigin, IncidentOrigin
from incidents.policy import Allow, Decision, RequireApproval
from incidents.proposal import PlanDraft, Proposal, RemediationChoice, propose
from incidents.remediation import NotifyOwners, RollbackEndpoint
from incidents.storm import Digest, DigestLine, Standing
from incidents.thread import ThreadRef
from incidents.timeline import GENESIS, TimelineEntry, chained
from incidents.verification import Outcome, SignalCheck, Threshold

T0 = datetime(2026, 3, 4, 14, 0, tzinfo=UTC)
THREAD = ThreadRef(channel="CINCIDENTS", ts="1700000000.000100")
LINKS = Links(
    hosts=frozenset({"grafana.example", "prometheus.example:9090", "runbooks.example"}),
    runbooks_url="https://runbooks.example/main",
    team_url="https://sandbox.slack.example/",
)
PEOPLE = ("UONCALL", "USECOND", "ULEAD", "UVIEWER")


def minute(count: float) -> datetime:
    return T0 + timedelta(minutes=count)


def alert(name: str = "EndpointLatencyP99High", *, words: str = "", **labels: str) -> Alert:
    return Alert(
        fingerprint=f"f-{name}-{sorted(labels.items())}",
        starts_at=minute(0),
        status="firing",
        labels={"alertname": name, "severity": "critical", "model": "product-recommender", **labels},
        annotations={
            "summary": words or "p99 is 2.5 s",
            "runbook_url": "https://runbooks.example/EndpointLatencyP99High.md",
            "dashboard_url": "https://grafana.example/d/ml?var-model=product-recommender&x=1",
        },
        generator_url="http://prometheus.example:9090/graph?g0.expr=x",
    )


def incident(state: IncidentState = IncidentState.INVESTIGATING, *, words: str = "", **changes: object) -> Incident:
    alerts = (
        alert(),
        alert("EndpointErrorRateHigh"),
        *([alert(words, words=words, feature=words), alert("ModelFeatureDriftHigh", feature=words)] if words else []),
    )
    over = {IncidentState.RESOLVED, IncidentState.CLOSED}
    made = Incident(
        id="INC-7",
        key="prod/product-recommender",
        model=words or "product-recommender",
        environment=words or "prod",
        tier=2,
        listed=True,
        channel="ml-incidents",
        state=state,
        severity=Severity.CRITICAL,
        started_at=minute(0),
        opened_at=minute(0.1),
        resolved_at=minute(11.2) if state in over else None,
        alerts=alerts,
    )
    return made.model_copy(update=changes)


def evidence(words: str = "") -> tuple[Evidence, ...]:
    return (
        Evidence(
            id="E1",
            kind=EvidenceKind.METRIC,
            source=words or "prometheus",
            asked=words or "histogram_quantile(0.99, sum by (le) (rate(ml_inference_latency_seconds_bucket[5m])))",
            found=words or "p99 rose from 0.21 s to 2.5 s at 13:58",
            figures=(Figure(name="p99", value=2.5, unit="s"),),
            subject="product-recommender-prod",
            window=(minute(-30), minute(0)),
            read_at=minute(1),
            link="http://prometheus.example:9090/graph?g0.expr=p99",
        ),
        Evidence(
            id="E2",
            kind=EvidenceKind.CHANGE,
            source="sagemaker",
            asked="configs that were live",
            found=words or "product-recommender-v24 went live at 13:57, after v23",
            read_at=minute(1),
            link="https://evil.example/steal" if words else None,
        ),
        Evidence(
            id="E3",
            kind=EvidenceKind.RUNBOOK,
            source="runbooks",
            asked="p99 latency after a deployment",
            found=words or "If it began with a deployment, roll back first.",
            subject="EndpointLatencyP99High.md",
            heading=words or "Mitigation",
            lines=(21, 23),
            read_at=minute(1),
        ),
    )


def diagnosis(words: str = "", **changes: object) -> Diagnosis:
    made = Diagnosis(
        root_cause=RootCause.BAD_DEPLOYMENT,
        culprit=Culprit(kind="endpoint_config", name=(words or "product-recommender-v24")[:200]),
        onset=minute(-2),
        confidence=Confidence.HIGH,
        summary=(
            words or "p99 rose to 2.5 s a minute after product-recommender-v24 went live; its inputs did not change."
        )[:600],
        claims=(
            Claim(text=(words or "p99 is 12 times what it was before the deployment.")[:600], evidence=("E1", "E2")),
            Claim(text="Nothing else changed in the hour before.", evidence=("E2",)),
        ),
        hypotheses=(
            Hypothesis(
                cause=RootCause.BAD_DEPLOYMENT,
                statement=(words or "The new config is slower.")[:400],
                supported_by=(Claim(text="It began with the deployment.", evidence=("E1", "E2")),),
            ),
            Hypothesis(
                cause=RootCause.TRAFFIC_ANOMALY,
                statement="More traffic than the endpoint can take.",
                contradicted_by=(Claim(text="Requests a second did not change.", evidence=("E1",)),),
            ),
        ),
        retraining=RetrainingVerdict(
            retrain=False, because=(words or "The inputs did not change.")[:400], evidence=("E1",)
        ),
        citations=(
            RunbookCitation(
                file="EndpointLatencyP99High.md",
                heading=words or "Mitigation",
                quote=(words or "If it began with a deployment, roll back first and look for the reason afterwards.")[
                    :600
                ],
                lines=(21, 21),
            ),
        ),
        advice=(),
        reasoner=Reasoner(name="offline-rules-1", offline=True, seconds=0.42, requests=3),
        struck=(Struck(text=words or "The database is slow.", reason=words or "it names no evidence"),),
        gaps=(words or "the data capture of the last hour",),
        similar_incidents=(words or "INC-2025-03-recommender-cold-cache",),
        seen_before=(seen_before(words),),
    )
    return made.model_copy(update=changes)


def seen_before(words: str = "") -> SimilarIncident:
    return SimilarIncident(
        id="INC-12",
        model=words or "product-recommender",
        same_model=not words,
        age="3 weeks ago",
        what=words or "bad deployment (product-recommender-v18)",
        worked=(words or "rolled back to product-recommender-v17: recovered in 6 min, verified",),
        did_not_work=(words or "retrained with recommender-training: the candidate failed its gate",),
        undone=(words,) if words else (),
        ended=words,
        said=words or "the data was fine",
        thread=ThreadRef(channel="C0INCIDENTS", ts="1700000000.000100"),
    )


def findings(words: str = "", **changes: object) -> Findings:
    return Findings(
        evidence=evidence(words),
        diagnosis=diagnosis(words, **changes),
        plan=PlanDraft(explanation=(words or "The config before it served well for three weeks.")[:600]),
    )


def model() -> ModelSpec:
    return ModelSpec(
        name="product-recommender",
        channel="ml-incidents",
        endpoint=EndpointSpec(name="product-recommender-prod"),
    )


def proposal(words: str = "", *, count: int = 1) -> Proposal:
    choice = RemediationChoice(
        remediation=RollbackEndpoint(endpoint="product-recommender-prod", to_config="product-recommender-v23"),
        reason=(words or "Trouble began with product-recommender-v24; v23 served well before it.")[:600],
        evidence=("E1", "E2"),
        condition=words[:300],
    )
    origin = EndpointOrigin(
        arn="arn:aws:sagemaker:eu-west-1:123456789012:endpoint/product-recommender-prod",
        config_name="product-recommender-v24",
        variant_names=("AllTraffic",),
        status="InService",
        last_modified=minute(-3),
    )
    return propose(
        choice,
        proposal_id="p4f1c09",
        incident_id="INC-7",
        model=model(),
        origin=origin,
        decision=Decision(
            effect=RequireApproval(
                count=count, approvers=("ml-oncall", "ml-leads"), within_minutes=5, escalate_to=("ml-leads",)
            ),
            rules=(words[:80] or "a rollback needs one approver",),
        ),
        policy_hash="0" * 64,
        created_at=minute(2),
        expires_at=minute(7),
        did_not_work=(words[:300],) if words else (),
    )


def proposal_view(
    state: ApprovalState = ApprovalState.PENDING, *, words: str = "", votes: tuple[str, ...] = (), needed: int = 1
) -> ProposalView:
    decided = state not in {ApprovalState.PENDING, ApprovalState.EXPIRED}
    return ProposalView(
        proposal=proposal(words, count=needed),
        approval=ApprovalView(
            state=state,
            needed=needed,
            votes=tuple(Vote(person=person, at=minute(3)) for person in votes),
            decided_by="UONCALL" if decided else None,
            decided_at=minute(4) if state is not ApprovalState.PENDING else None,
            reason=words or ("We are about to ship a fix." if state is ApprovalState.DENIED else ""),
        ),
        approvers=(words, "ml-leads") if words else ("ml-oncall", "ml-leads"),
        model="product-recommender",
        chosen_by=words or None,
    )


def notice_view(words: str = "") -> ProposalView:
    """The owners of the recommender are called."""
    choice = RemediationChoice(
        remediation=NotifyOwners(owners="ml-leads", text=(words or "shop.sessions delivers nulls: repair it.")[:600]),
        reason=(words or "The source is yours, and only you can repair it.")[:600],
        evidence=("E1", "E2"),
    )
    made = propose(
        choice,
        proposal_id="n1",
        incident_id="INC-7",
        model=model(),
        origin=IncidentOrigin(incident_id="INC-7"),
        decision=Decision(effect=Allow(), rules=("owners may be called",)),
        policy_hash="0" * 64,
        created_at=minute(2),
        expires_at=minute(7),
    )
    approval = ApprovalView(state=ApprovalState.APPROVED, needed=0, decided_by="policy", decided_at=minute(2))
    return ProposalView(proposal=made, approval=approval, approvers=(), model=words or "product-recommender")


def execution(state: ExecutionState = ExecutionState.EXECUTING, *, words: str = "") -> Execution:
    final = state not in {ExecutionState.QUEUED, ExecutionState.EXECUTING}
    return Execution(
        id="xp4f1c09",
        proposal_id="p4f1c09",
        incident_id="INC-7",
        target="endpoint/product-recommender-prod",
        state=state,
        fence=1,
        started_at=minute(4.1),
        finished_at=minute(8.5) if final else None,
        intent_at=minute(4.1),
        result={words or "EndpointArn": words or "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x"},
        progress=words or "SageMaker says Updating",
        error=words if state is ExecutionState.FAILED else "",
    )


def verification(state: str = "watching", *, words: str = "") -> VerificationView:
    outcome = Outcome.RECOVERED if state == "recovered" else Outcome.INCONCLUSIVE
    checks = tuple(
        SignalCheck(
            threshold=Threshold(alert=name, expression="x", comparison=">", bound=bound),
            outcome=outcome,
            worst=worst,
            samples=21,
            why=words or ("all 21 samples are inside the threshold" if state == "recovered" else "samples are missing"),
        )
        for name, bound, worst in (
            ("EndpointLatencyP99High", 1.0, 0.2312),
            (words or "EndpointErrorRateHigh", 0.05, 0.004),
        )
    )
    return VerificationView(
        execution_id="xp4f1c09",
        state=state,
        began_at=minute(8.5),
        deadline=minute(13.5),
        finished_at=None if state == "watching" else minute(11),
        checks=checks if state in {"recovered", "failed", "inconclusive"} else (),
        note=words,
    )


def timeline(words: str = "", *, closed: bool = False) -> tuple[TimelineEntry, ...]:
    told = [
        (0.1, "alertmanager", "alert_fired", "EndpointLatencyP99High fires"),
        (1.0, "offline-rules-1", "diagnosed", "bad_deployment: product-recommender-v24 (high confidence)"),
        (4.0, "UONCALL", "approved", "Approved"),
        (4.1, "agentops", "call_sent", "UpdateEndpoint sent"),
        (8.5, "agentops", "executed", "product-recommender-prod is InService on product-recommender-v23"),
        (11.0, "agentops", "verified", "Every signal is inside its threshold"),
    ]
    if closed:
        told[3:] = [
            (4.0, "UONCALL", "broke_glass", "Acts for two: nobody else is awake"),
            (5.0, "ULEAD", "closed", "Closed: the source was repaired by hand"),
        ]
    return chain([(at, actor, kind, words or text, {}) for at, actor, kind, text in told], words=words)


def canary(words: str = "", *, paused: bool = False) -> tuple[TimelineEntry, ...]:
    """An execution half-way through its calls, or held between two of them, with what SageMaker told."""
    own: dict[str, object] = {"execution": "xp4f1c09"}
    told: list[tuple[float, str, str, str, dict[str, object]]] = [
        (4.1, "agentops", "call_sent", words or "UpdateModelPackage sent", {**own, "call": 1}),
        (4.2, "agentops", "call_sent", words or "CreateModel sent", {**own, "call": 2}),
    ]
    if paused:
        told.append((4.3, "UVIEWER", "execution_paused", words or "Changes are paused before call 3 of 4", own))
    else:
        told += [
            (4.3, "agentops", "call_sent", words or "CreateEndpointConfig sent", {**own, "call": 3}),
            (4.4, "agentops", "call_sent", words or "UpdateEndpoint sent", {**own, "call": 4}),
            (4.9, "sagemaker", "canary_step", words or "10 % of the capacity serves on the new config", own),
            (9.9, "sagemaker", "canary_step", words or "all traffic is on the new config", own),
        ]
    return chain(told, words=words)


def chain(
    told: Sequence[tuple[float, str, str, str, dict[str, object]]], *, words: str = ""
) -> tuple[TimelineEntry, ...]:
    entries: list[TimelineEntry] = []
    for number, (at, actor, kind, text, details) in enumerate(told, start=1):
        previous = entries[-1].hash if entries else GENESIS
        entries.append(
            chained(
                incident_id="INC-7",
                number=number,
                at=minute(at),
                actor=words if words and actor == "UONCALL" else actor,
                kind=kind,
                text=text,
                details=details,
                previous=previous,
            )
        )
    return tuple(entries)


def file(state: IncidentState = IncidentState.INVESTIGATING, *, words: str = "") -> IncidentFile:
    """What the store would hold when the incident stands there."""
    order = list(IncidentState)
    diagnosed = order.index(state) >= order.index(IncidentState.AWAITING_DECISION)
    approval = {
        IncidentState.AWAITING_DECISION: ApprovalState.PENDING,
        IncidentState.MONITORING: ApprovalState.DENIED,
        IncidentState.ESCALATED: ApprovalState.EXPIRED,
    }.get(state, ApprovalState.APPROVED)
    acted = {IncidentState.EXECUTING, IncidentState.VERIFYING, IncidentState.RESOLVED, IncidentState.CLOSED}
    done = ExecutionState.EXECUTING if state is IncidentState.EXECUTING else ExecutionState.SUCCEEDED
    return IncidentFile(
        incident=incident(state, words=words),
        investigations=(
            InvestigationView(
                id="inv1",
                incident_id="INC-7",
                state="done" if diagnosed else "running",
                question=words,
                asked_by=None,
                steps=steps(words),
                findings=findings(words) if diagnosed else None,
                created_at=minute(0.1),
                started_at=minute(0.1),
                finished_at=minute(1) if diagnosed else None,
            ),
        ),
        proposals=(proposal_view(approval, words=words),) if diagnosed else (),
        executions=(execution(done, words=words),) if state in acted else (),
        verifications=(verification("watching", words=words),) if state is IncidentState.VERIFYING else (),
        timeline=timeline(words),
        thread=THREAD,
    )


def steps(words: str = "", *, count: int = 4) -> tuple[ProgressStep, ...]:
    states = ("complete", "in_progress", "pending", "error")
    titles = ("Read the metrics", "Read the endpoint's changes", "Search the runbooks", "Read the captured data")
    return tuple(
        ProgressStep(
            key=f"step-{n}",
            title=words or titles[n % 4],
            status=states[n % 4],
            detail=words or ("12 series" if n == 0 else ""),
        )
        for n in range(count)
    )


def advised(words: str = "") -> Findings:
    return findings(words, advice=(Advice.DO_NOT_RETRAIN, Advice.QUARANTINE_DATA, Advice.RERUN_DATA_PIPELINE))


def by_llm() -> Reasoner:
    return Reasoner(
        name="claude-sonnet",
        offline=False,
        input_tokens=12_345,
        output_tokens=678,
        requests=3,
        cost_usd=Decimal("0.0471"),
        seconds=9.87,
    )


def status(words: str = "", *, stormy: bool = False) -> StatusView:
    return StatusView(
        models=(
            ModelStatus("fraud-detector", "prod", 1, "fraud-detector-v41", minute(-60 * 24 * 9)),
            ModelStatus(
                words or "product-recommender",
                words or "prod",
                2,
                words or "product-recommender-v24",
                minute(-3),
                "INC-7",
                IncidentState.EXECUTING,
                Severity.CRITICAL,
                words or "Roll product-recommender-prod back to product-recommender-v23",
                THREAD,
                words,
            ),
            ModelStatus("churn-predictor", "prod", 2, unreadable="SageMaker did not answer"),
        ),
        read_at=minute(5),
        total=3,
        troubled=1,
        storms=(digest(words),) if stormy else (),
        waiting={WaitsFor.AT_ONCE: 60, WaitsFor.HOURLY: 100} if stormy else {},
    )


def digest(words: str = "", *, ended: bool = False) -> Digest:
    """A storm of 200 incidents, the first six with threads."""
    worst = [IncidentState.AWAITING_DECISION, IncidentState.INVESTIGATING, IncidentState.ESCALATED, IncidentState.NEW]
    lines = tuple(
        DigestLine(
            id=f"INC-{n}",
            model=words or f"model-{n:03}",
            environment=words or "prod",
            standing=Standing(
                Severity.CRITICAL if n < 4 else Severity.WARNING,
                1 if n < 3 else 2,
                worst[n % 4] if n < 12 or not ended else IncidentState.RESOLVED,
                minute(0),
                n,
            ),
            held=n >= 6,
            thread=THREAD if n < 6 else None,
        )
        for n in range(1, 201)
    )
    return Digest(
        id=1,
        channel=words or "ml-incidents",
        began_at=minute(0),
        ended_at=minute(12) if ended else None,
        alerts=10_000,
        lines=lines,
        top=lines[:10],
        investigated=188 if ended else 37,
        waiting={} if ended else {WaitsFor.NOTHING: 3, WaitsFor.AT_ONCE: 60, WaitsFor.HOURLY: 100},
    )


def lines(words: str = "", *, count: int = 2) -> tuple[IncidentLine, ...]:
    return tuple(
        IncidentLine(
            f"INC-{n + 7}",
            words or "product-recommender",
            IncidentState.AWAITING_DECISION,
            Severity.CRITICAL,
            minute(0),
            (alert(words or "EndpointLatencyP99High"),),
            THREAD if n == 0 else None,
        )
        for n in range(count)
    )


def incidents(words: str = "", *, count: int = 2) -> IncidentsView:
    return IncidentsView(lines(words, count=count), total=45, page=1, pages=3)


def status_page(words: str = "") -> StatusView:
    asked = Listing(severity="critical", environment=words or "prod", page=2)
    return replace(status(words), total=45, troubled=45, pages=3, asked=asked)


def no_model_fits() -> StatusView:
    return StatusView((), minute(5), paused=True, asked=Listing(model="fraud*", state="escalated"))


def past_incidents() -> IncidentsView:
    """Of long ago: what fired then is not kept."""
    closed = tuple(replace(one, state=IncidentState.CLOSED, fires=(), pruned=n > 0) for n, one in enumerate(lines()))
    return IncidentsView(closed, 10_000, 7, 500, more=True, asked=Listing(state="closed", page=7))


def home(words: str = "", *, count: int = 2) -> HomeView:
    return HomeView(
        status=status(words),
        incidents=lines(words, count=count),
        approvals=tuple(ApprovalLine(one, THREAD) for one in _waiting(words, count)),
        done=tuple(
            DoneLine(words or "Rolled back", minute(-90), "INC-6", words or "fraud-detector", THREAD)
            for _ in range(count)
        ),
    )


def _waiting(words: str, count: int) -> list[ProposalView]:
    """Different proposals, so that their buttons' blocks have different ids."""
    view = proposal_view(words=words)
    return [
        view.model_copy(update={"proposal": view.proposal.model_copy(update={"id": f"p4f1c09{n or ''}"})})
        for n in range(count)
    ]


def passages(words: str = "", *, count: int = 2) -> tuple[Passage, ...]:
    return tuple(
        Passage(
            words or "EndpointLatencyP99High.md",
            words or "Mitigation",
            words or "If it began with a deployment, roll back first.",
            (21, 21),
        )
        for _ in range(count)
    )


def runbooks(words: str = "", *, count: int = 2) -> RunbooksView:
    return RunbooksView(words or "how do I roll back?", passages(words, count=count), words)


def answer(words: str = "") -> AnswerView:
    return AnswerView(
        words or "why did it fall?", words or "A new config went live.", passages(words), by_llm(), "INC-7"
    )


def answer_of_long_ago() -> AnswerView:
    return replace(answer(), pruned_at=minute(0) + timedelta(days=100))


def signal_day(signal: str = "latency_p99", **given: Any) -> SignalDay:
    usual = {"unit": "s", "comparison": ">", "bound": 1.0, "worst": 0.61, "worst_at": minute(0), "now": 0.4}
    return SignalDay.model_validate({"signal": signal, "without_data": 0.0, **usual, **given})


def daily_note(words: str = "") -> DailyNote:
    """Models that are well, that are not, and of which something is not known."""
    unit: dict[str, Any] = {"unit": "PSI", "bound": 0.1, "worst": 0.18, "now": 0.04}
    gone: dict[str, Any] = {"worst": None, "worst_at": None, "now": None, "without_data": 1.0}
    models = (
        ModelDay(model=words or "fraud-detector", signals=(signal_day(), signal_day("feature_psi", **unit))),
        ModelDay(
            model="product-recommender",
            signals=(signal_day(words or "latency_p99", worst=2.5, now=2.5), signal_day("error_rate", **gone)),
            incident="INC-7",
            incident_words="awaiting decision",
        ),
        ModelDay(
            model="churn-predictor",
            signals=(signal_day(without_data=0.125), signal_day("accuracy_drop", needs_labels=True, **gone)),
        ),
        ModelDay(model="new-model", signals=()),
    )
    return DailyNote(channel="ml-incidents", day="2026-03-04", since=minute(-1440), until=minute(0), models=models)


def calm_daily_note(words: str = "", *, count: int = 1) -> DailyNote:
    """Nothing is needed on any of them."""
    models = tuple(ModelDay(model=f"{words or 'model'}-{number}", signals=(signal_day(),)) for number in range(count))
    return daily_note().model_copy(update={"models": models})
