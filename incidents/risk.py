"""What each kind of remediation can break, by kind alone: for rules, which look at kinds and not at parameters."""

from typing import assert_never

from incidents.effect import RiskClass
from incidents.remediation import KINDS, RemediationKind
from incidents.specs.notify_owners import NotifyOwnersSpec
from incidents.specs.open_issue import OpenIssueSpec
from incidents.specs.promote_model import PromoteModelSpec
from incidents.specs.quarantine_data import QuarantineDataSpec
from incidents.specs.rerun_data_pipeline import RerunDataPipelineSpec
from incidents.specs.rollback_endpoint import RollbackEndpointSpec
from incidents.specs.shift_traffic import ShiftTrafficSpec
from incidents.specs.start_retraining import StartRetrainingSpec


def risk_of(kind: RemediationKind) -> RiskClass:
    """The risk class of its spec."""
    match kind:
        case "RollbackEndpoint":
            return RollbackEndpointSpec.risk
        case "ShiftTraffic":
            return ShiftTrafficSpec.risk
        case "StartRetraining":
            return StartRetrainingSpec.risk
        case "PromoteModel":
            return PromoteModelSpec.risk
        case "QuarantineData":
            return QuarantineDataSpec.risk
        case "RerunDataPipeline":
            return RerunDataPipelineSpec.risk
        case "OpenIssue":
            return OpenIssueSpec.risk
        case "NotifyOwners":
            return NotifyOwnersSpec.risk
        case _:
            assert_never(kind)


CHANGING: frozenset[RemediationKind] = frozenset(kind for kind in KINDS if risk_of(kind) is not RiskClass.NONE)
"""Kinds that change something; only these count as in flight, in a cooldown and in a budget."""
