"""A proposal of every kind, waiting and decided, with one untrusted text in every place that can hold one."""

from collections.abc import Iterator

from incidents.approval import ApprovalState, ApprovalView, Vote
from incidents.catalogue import EndpointSpec, ModelSpec, RetrainingSpec
from incidents.comparison import Comparison, compare
from incidents.ledger import ProposalView
from incidents.origin import (
    AnyOrigin,
    DataObject,
    DataOrigin,
    IncidentOrigin,
    PipelineOrigin,
    PromotionOrigin,
    TrafficOrigin,
    VariantWeight,
)
from incidents.policy import Allow, Decision, RequireApproval
from incidents.proposal import Proposal, RemediationChoice, propose
from incidents.remediation import (
    AnyRemediation,
    NotifyOwners,
    OpenIssue,
    PromoteModel,
    QuarantineData,
    RerunDataPipeline,
    ShiftTraffic,
    StartRetraining,
)
from tests.bot.slack.samples import minute, proposal_view

ACCOUNT = "arn:aws:sagemaker:eu-west-1:123456789012"
FRAUD = ModelSpec(
    name="fraud-detector",
    channel="ml-incidents",
    endpoint=EndpointSpec(name="fraud-detector-prod"),
    retraining=RetrainingSpec(pipeline="fraud-detector-train", model_package_group="fraud-detector"),
)


def choices(words: str = "") -> Iterator[tuple[str, AnyRemediation, AnyOrigin]]:
    """By name, but for the rollback, which `samples` has."""
    pipeline = PipelineOrigin(arn=f"{ACCOUNT}:pipeline/fraud-detector-train", last_modified=minute(-9_000))
    told = IncidentOrigin(incident_id="INC-7")
    v23, v24 = VariantWeight(variant="v23", weight=0.0), VariantWeight(variant="v24", weight=1.0)
    yield (
        "shift",
        ShiftTraffic(
            endpoint="product-recommender-prod",
            weights=(VariantWeight(variant="v23", weight=1.0), VariantWeight(variant="v24", weight=0.0)),
        ),
        TrafficOrigin(
            arn=f"{ACCOUNT}:endpoint/product-recommender-prod",
            config_name="product-recommender-v24",
            weights=(v23, v24),
            status="InService",
            last_modified=minute(-3),
        ),
    )
    yield (
        "retraining",
        StartRetraining(
            pipeline=(words or "fraud-detector-train")[:256], window_start=minute(-40_320), window_end=minute(0)
        ),
        pipeline,
    )
    yield "promotion", *promotion(words)
    yield "quarantine", *quarantine(words, count=24)
    yield "release", *quarantine(words, count=1, mode="release")
    yield (
        "rerun",
        RerunDataPipeline(pipeline=(words or "subscriber-features")[:256], window_start=minute(-120)),
        pipeline,
    )
    yield (
        "issue",
        OpenIssue(
            repository="example/churn-predictor",
            title=(words or "last_login_days is null since 12:00")[:200],
            body=(words or "38 % of the rows are null.")[:20_000],
        ),
        told,
    )
    yield (
        "notice",
        NotifyOwners(owners="ml-oncall", text=(words or "The source of last_login_days delivers nulls.")[:600]),
        told,
    )


def promotion(words: str = "") -> tuple[PromoteModel, PromotionOrigin]:
    remediation = PromoteModel(
        model="fraud-detector",
        endpoint="fraud-detector-prod",
        model_package=f"{ACCOUNT}:model-package/fraud-detector/42",
        version=42,
        alarms=((words or "fraud-detector-errors")[:255], "fraud-detector-latency"),
    )
    origin = PromotionOrigin(
        arn=f"{ACCOUNT}:endpoint/fraud-detector-prod",
        config_name="fraud-detector-v41",
        variant="AllTraffic",
        instance_type="ml.m5.xlarge",
        instances=2,
        execution_role="arn:aws:iam::123456789012:role/sagemaker-execution",
        package_status="PendingManualApproval",
        live_version=41,
        status="InService",
        last_modified=minute(-12_960),
    )
    return remediation, origin


def comparison(words: str = "", *, slices: int = 2, same_holdout: bool = True) -> Comparison:
    name = (words or "merchant_category=travel").replace(".", " ")[:200]
    figures = {"f1": 0.912, "precision": 0.931, "recall": 0.894}
    if same_holdout:
        figures |= {"champion.f1": 0.871, "champion.precision": 0.929, "champion.recall": 0.82}
    for n in range(slices):
        slice_name = f"slice.{name}-{n}"
        figures |= {f"{slice_name}.f1": 0.89 - n / 200, f"{slice_name}.rows": 180.0 + 700 * n}
        figures |= {f"champion.{slice_name}.f1": 0.89} if same_holdout else {}
    made = compare(
        figures,
        metric="f1",
        margin=0.01,
        candidate_version=42,
        live_version=41,
        live_figures={"f1": 0.95, "precision": 0.9},
    )
    assert made is not None
    return made


def quarantine(words: str = "", *, count: int, mode: str = "quarantine") -> tuple[QuarantineData, DataOrigin]:
    remediation = QuarantineData(
        mode="release" if mode == "release" else "quarantine",
        bucket="agentops-churn-predictor",
        prefix="capture/",
        window_start=minute(-120),
        window_end=minute(0),
    )
    name = (words or "part")[:900]
    objects = tuple(
        DataObject(key=f"capture/2026/03/04/12/{name}-{n:03}.jsonl", etag=f"etag-{n}", tags={"team": "growth"})
        for n in range(count)
    )
    return remediation, DataOrigin(bucket="agentops-churn-predictor", objects=objects)


def made(
    remediation: AnyRemediation, origin: AnyOrigin, *, words: str = "", decision: Decision | None = None
) -> Proposal:
    choice = RemediationChoice(
        remediation=remediation, reason=(words or "It follows from the diagnosis.")[:600], evidence=("E1", "E2")
    )
    return propose(
        choice,
        proposal_id="p4f1c09",
        incident_id="INC-7",
        model=FRAUD,
        origin=origin,
        decision=decision or two_of_leads(),
        policy_hash="0" * 64,
        created_at=minute(2),
        expires_at=minute(7),
        checked=((words or "fraud-detector-prod is InService")[:300], "both alarms are OK"),
    )


def two_of_leads(*, break_glass: bool = True) -> Decision:
    effect = RequireApproval(count=2, approvers=("ml-oncall",), escalate_to=("ml-leads",), break_glass=break_glass)
    return Decision(effect=effect, rules=("a tier-1 production change needs two approvers",))


def waiting(proposal: Proposal, **changed: object) -> ProposalView:
    effect = proposal.decision.effect
    needed = effect.count if isinstance(effect, RequireApproval) else 0
    view = ProposalView(
        proposal=proposal,
        approval=ApprovalView(state=ApprovalState.PENDING, needed=needed),
        approvers=effect.approvers if isinstance(effect, RequireApproval) else (),
        model="fraud-detector",
    )
    return view.model_copy(update=changed)


def approved(view: ProposalView, *people: str, reason: str = "") -> ProposalView:
    approval = ApprovalView(
        state=ApprovalState.APPROVED,
        needed=view.approval.needed,
        votes=tuple(Vote(person=person, at=minute(3)) for person in people),
        decided_by=people[-1] if people else "policy",
        decided_at=minute(4),
        reason=reason,
    )
    return view.model_copy(update={"approval": approval})


def views(words: str = "") -> Iterator[tuple[str, ProposalView]]:
    """Every kind, waiting and approved; and the states that the rollback of `samples` does not show."""
    for name, remediation, origin in choices(words):
        view = waiting(made(remediation, origin, words=words))
        yield f"{name} pending", view
        yield f"{name} approved", approved(view, "UONCALL", "ULEAD")
    compared = made(*promotion(words), words=words).model_copy(update={"comparison": comparison(words), "follows": "x"})
    yield "promotion compared", waiting(compared)
    many = comparison(words, slices=40, same_holdout=False)
    yield "promotion that fails", waiting(compared.model_copy(update={"comparison": many}))
    glass = waiting(made(*promotion(words), words=words), broke_glass=words or "UONCALL")
    yield "promotion for two", approved(glass, "UONCALL", reason=words or "Nobody else is awake, fraud goes through.")
    allowed = Decision(effect=Allow(), rules=("fraud-detector may act by itself",))
    yield "allowed", waiting(made(*promotion(words), words=words, decision=allowed))
    yield "allowed and run", approved(waiting(made(*promotion(words), words=words, decision=allowed)))
    again = waiting(
        made(*promotion(words), words=words), round=2, replaces=(words or "p0")[:40], approvers=("ml-leads",)
    )
    yield "asked again", again
    yield "by hand", proposal_view(words=words).model_copy(update={"chosen_by": "ULEAD"})
