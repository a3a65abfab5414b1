"""An investigation of a case file: the real Investigator before recorded partners."""

from collections.abc import Callable

from agents.investigator import Investigator
from agents.sources import RunbookReads, Sources
from incidents.catalogue import Catalogue, ModelSpec
from incidents.investigation import Findings
from tools.case_files.case_file import CaseFile, Partner
from tools.case_files.incident import incident_of, with_model_of
from tools.case_files.partners import Down, RecordedPrometheus, RecordedSageMaker, check_series
from tools.case_files.recorded_data import RecordedDatasets
from tools.case_files.recorded_texts import RecordedHistory, RecordedLogs


async def replay(
    case: CaseFile, catalogue: Catalogue, runbooks: RunbookReads, make: Callable[[Sources], Investigator]
) -> Findings:
    """The findings, by an Investigator of its own, so that no case knows of another."""
    measured, extended = with_model_of(case, catalogue)
    investigator = make(sources_of(case, measured, runbooks))
    try:
        return await investigator.investigate(incident_of(case, measured, extended))
    finally:
        await investigator.close()


def sources_of(case: CaseFile, model: ModelSpec, runbooks: RunbookReads) -> Sources:
    """The readers of a case; those it says are down do not answer."""
    check_series(case, model)

    def down(partner: Partner) -> bool:
        return partner in case.down

    return Sources(
        prometheus=Down("Prometheus") if down("prometheus") else RecordedPrometheus(case, model),
        sagemaker=Down("SageMaker") if down("sagemaker") else RecordedSageMaker(case, model),
        datasets=Down("S3") if down("datasets") else RecordedDatasets(case, model),
        runbooks=Down("Runbook index") if down("runbooks") else runbooks,
        logs=Down("CloudWatch Logs") if down("logs") else RecordedLogs(case, model),
        history=Down("GitHub") if down("github") else RecordedHistory(case, model),
    )
