"""Small, valid things of the domain, for tests to vary."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from incidents.alert import Alert
from incidents.catalogue import Catalogue, ModelSpec
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
)
from incidents.evidence import Evidence, EvidenceKind, Figure
from incidents.investigation import Findings
from incidents.origin import (
    AnyOrigin,
    DataObject,
    DataOrigin,
    EndpointOrigin,
    IncidentOrigin,
    PipelineOrigin,
    PromotionOrigin,
    TrafficOrigin,
    VariantWeight,
)
from incidents.policy import Allow, Decision, Forbid, Policy, RequireApproval
from incidents.proposal import PlanDraft, Proposal, RemediationChoice, propose
from incidents.remediation import (
    AnyRemediation,
    NotifyOwners,
    OpenIssue,
    PromoteModel,
    QuarantineData,
    RerunDataPipeline,
    RollbackEndpoint,
    ShiftTraffic,
    StartRetraining,
)
from tools.manifests.load import load_catalogue, load_policy

MANIFESTS = Path(__file__).resolve().parents[2] / "manifests"
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ENDPOINT = "product-recommender-prod"


@cache
def catalogue() -> Catalogue:
    return load_catalogue(MANIFESTS / "models.yaml")


@cache
def policy() -> Policy:
    return load_policy(MANIFESTS / "policy.yaml")


def model(name: str = "product-recommender") -> ModelSpec:
    return catalogue().models[name]


def later(**kinds: float) -> datetime:
    return START + timedelta(**kinds)


def alert(
    name: str = "EndpointLatencyP99High",
    *,
    fingerprint: str = "a1",
    status: str = "firing",
    starts_at: datetime = START,
    labels: Mapping[str, str] | None = None,
) -> Alert:
    named = {"model": "product-recommender", "endpoint": ENDPOINT, "severity": "critical"}
    return Alert(
        fingerprint=fingerprint,
        starts_at=starts_at,
        status=status,
        ends_at=starts_at + timedelta(minutes=9) if status == "resolved" else None,
        labels={"alertname": name, **(named if labels is None else labels)},
    )


def rollback(to: str = "product-recommender-v23") -> RollbackEndpoint:
    return RollbackEndpoint(endpoint=ENDPOINT, to_config=to)


def retraining() -> StartRetraining:
    return StartRetraining(pipeline="fraud-detector-train", window_start=START - timedelta(days=28), window_end=START)


def shift() -> ShiftTraffic:
    weights = (VariantWeight(variant="v23", weight=1.0), VariantWeight(variant="v24", weight=0.0))
    return ShiftTraffic(endpoint=ENDPOINT, weights=weights)


def promotion() -> PromoteModel:
    return PromoteModel(
        model="fraud-detector",
        endpoint="fraud-detector-prod",
        model_package="arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud-detector/42",
        version=42,
        alarms=("fraud-detector-errors",),
    )


def quarantine() -> QuarantineData:
    return QuarantineData(
        bucket="agentops-churn-predictor",
        prefix="capture/",
        window_start=START - timedelta(hours=2),
        window_end=START,
    )


def rerun() -> RerunDataPipeline:
    return RerunDataPipeline(pipeline="subscriber-features", window_start=START - timedelta(hours=2))


def issue() -> OpenIssue:
    return OpenIssue(repository="example/churn-predictor", title="Nulls in last_login_days", body="38 % are null.")


def notice() -> NotifyOwners:
    return NotifyOwners(owners="ml-oncall", text="The source of last_login_days delivers nulls.")


def traffic_origin() -> TrafficOrigin:
    origin = endpoint_origin()
    return TrafficOrigin(
        arn=origin.arn,
        config_name=origin.config_name,
        weights=(VariantWeight(variant="v23", weight=0.0), VariantWeight(variant="v24", weight=1.0)),
        status=origin.status,
        last_modified=origin.last_modified,
    )


def promotion_origin(**changed: Any) -> PromotionOrigin:
    given: dict[str, Any] = {
        "arn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/fraud-detector-prod",
        "config_name": "fraud-detector-v41",
        "variant": "AllTraffic",
        "instance_type": "ml.m5.xlarge",
        "instances": 2,
        "execution_role": "arn:aws:iam::123456789012:role/sagemaker-execution",
        "package_status": "PendingManualApproval",
        "live_version": 41,
        "status": "InService",
        "last_modified": START - timedelta(days=9),
    }
    return PromotionOrigin(**given | changed)


def data_object(key: str, **tags: str) -> DataObject:
    return DataObject(key=key, etag=f"etag-of-{key}", tags=tags)


def data_origin(*objects: DataObject) -> DataOrigin:
    return DataOrigin(bucket="agentops-churn-predictor", objects=objects)


def every_remediation() -> tuple[tuple[AnyRemediation, AnyOrigin], ...]:
    """One of each kind, with an origin it can start from."""
    pipeline = pipeline_origin()
    told = IncidentOrigin(incident_id="INC-1")
    return (
        (rollback(), endpoint_origin()),
        (shift(), traffic_origin()),
        (retraining(), pipeline),
        (promotion(), promotion_origin()),
        (quarantine(), data_origin(data_object("capture/a.jsonl"))),
        (rerun(), pipeline),
        (issue(), told),
        (notice(), told),
    )


def endpoint_origin(**changed: Any) -> EndpointOrigin:
    given: dict[str, Any] = {
        "arn": f"arn:aws:sagemaker:eu-west-1:123456789012:endpoint/{ENDPOINT}",
        "config_name": "product-recommender-v24",
        "variant_names": ("AllTraffic",),
        "status": "InService",
        "last_modified": START - timedelta(hours=1),
    }
    return EndpointOrigin(**given | changed)


def pipeline_origin(**changed: Any) -> PipelineOrigin:
    given: dict[str, Any] = {
        "arn": "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/fraud-detector-train",
        "last_modified": START - timedelta(days=30),
    }
    return PipelineOrigin(**given | changed)


def needs(count: int = 1, *approvers: str, within: float = 5, escalate_to: tuple[str, ...] = ()) -> Decision:
    effect = RequireApproval(
        count=count, approvers=approvers or ("ml-oncall",), within_minutes=within, escalate_to=escalate_to
    )
    return Decision(effect=effect, rules=("a rule",))


def forbidden(because: str = "not today") -> Decision:
    return Decision(effect=Forbid(because=because), rules=("never",))


def allowed() -> Decision:
    return Decision(effect=Allow(), rules=("always",))


def choice(remediation: AnyRemediation, *evidence: str) -> RemediationChoice:
    return RemediationChoice(remediation=remediation, reason="The config came before it.", evidence=evidence or ("E1",))


def proposal(
    id: str = "p1",
    incident_id: str = "INC-1",
    *,
    remediation: AnyRemediation | None = None,
    origin: AnyOrigin | None = None,
    decision: Decision | None = None,
    created_at: datetime = START,
    expires_at: datetime | None = None,
) -> Proposal:
    chosen = remediation or rollback()
    starting = origin or (endpoint_origin() if isinstance(chosen, RollbackEndpoint) else pipeline_origin())
    return propose(
        choice(chosen, "E1", "E2"),
        proposal_id=id,
        incident_id=incident_id,
        model=model("product-recommender" if isinstance(chosen, RollbackEndpoint) else "fraud-detector"),
        origin=starting,
        decision=decision or needs(),
        policy_hash="0" * 64,
        created_at=created_at,
        expires_at=expires_at or created_at + timedelta(minutes=5),
    )


def evidence(id: str = "E1", value: float = 2.4) -> Evidence:
    return Evidence(
        id=id,
        kind=EvidenceKind.METRIC,
        source="Prometheus",
        asked="p99",
        found=f"p99 is {value} s",
        figures=(Figure(name="p99", value=value, unit="s"),),
        read_at=START,
    )


def diagnosis(
    *,
    cause: RootCause = RootCause.BAD_DEPLOYMENT,
    confidence: Confidence = Confidence.HIGH,
    onset: datetime | None = None,
) -> Diagnosis:
    return Diagnosis(
        root_cause=cause,
        culprit=Culprit(kind="endpoint_config", name="product-recommender-v24"),
        onset=onset,
        confidence=confidence,
        summary="The new config is slow.",
        claims=(Claim(text="p99 rose after the deployment", evidence=("E1",)),),
        hypotheses=(Hypothesis(cause=cause, statement="the config is slow"),),
        retraining=RetrainingVerdict(retrain=False, because="inputs are unchanged"),
        advice=(Advice.WATCH,),
        reasoner=Reasoner(name="offline rules", offline=True),
    )


def findings(*remediations: AnyRemediation, confidence: Confidence = Confidence.HIGH) -> Findings:
    return Findings(
        evidence=(evidence("E1"), evidence("E2", 0.06)),
        diagnosis=diagnosis(confidence=confidence),
        plan=PlanDraft(choices=tuple(choice(one, "E1", "E2") for one in remediations), explanation="It broke it."),
    )
