"""The spec of a remediation: the one place that leads from a member of the union to its file in `incidents.specs`."""

from typing import Any, assert_never

from incidents.remediation import (
    AnyRemediation,
    NotifyOwners,
    OpenIssue,
    PromoteModel,
    QuarantineData,
    RemediationKind,
    RerunDataPipeline,
    RollbackEndpoint,
    ShiftTraffic,
    StartRetraining,
)
from incidents.specs.base import Spec
from incidents.specs.notify_owners import NotifyOwnersSpec
from incidents.specs.open_issue import OpenIssueSpec
from incidents.specs.promote_model import PromoteModelSpec
from incidents.specs.quarantine_data import QuarantineDataSpec
from incidents.specs.rerun_data_pipeline import RerunDataPipelineSpec
from incidents.specs.rollback_endpoint import RollbackEndpointSpec
from incidents.specs.shift_traffic import ShiftTrafficSpec
from incidents.specs.start_retraining import StartRetrainingSpec

SIDES: frozenset[RemediationKind] = frozenset({"OpenIssue", "NotifyOwners"})
"""Kinds that can break nothing (risk none): they run beside an incident's course and never move its state."""


def spec_of(remediation: AnyRemediation) -> Spec[Any]:
    """Its spec."""
    match remediation:
        case RollbackEndpoint():
            return RollbackEndpointSpec(remediation)
        case ShiftTraffic():
            return ShiftTrafficSpec(remediation)
        case StartRetraining():
            return StartRetrainingSpec(remediation)
        case PromoteModel():
            return PromoteModelSpec(remediation)
        case QuarantineData():
            return QuarantineDataSpec(remediation)
        case RerunDataPipeline():
            return RerunDataPipelineSpec(remediation)
        case OpenIssue():
            return OpenIssueSpec(remediation)
        case NotifyOwners():
            return NotifyOwnersSpec(remediation)
        case _:
            assert_never(remediation)
