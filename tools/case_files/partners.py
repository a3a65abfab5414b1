"""The partners of a case, recorded or down."""

from dataclasses import dataclass

from incidents.catalogue import ModelSpec
from tools.case_files.case_file import CaseFile, Partner
from tools.case_files.down import Down
from tools.case_files.recorded_datasets import RecordedDatasets
from tools.case_files.recorded_history import RecordedHistory
from tools.case_files.recorded_logs import RecordedLogs
from tools.case_files.recorded_prometheus import RecordedPrometheus
from tools.case_files.recorded_sagemaker import RecordedSageMaker


@dataclass(frozen=True)
class Partners:
    """All partners of a case; those that it says are down do not answer."""

    prometheus: RecordedPrometheus | Down
    sagemaker: RecordedSageMaker | Down
    datasets: RecordedDatasets | Down
    logs: RecordedLogs | Down
    history: RecordedHistory | Down


def partners_of(case: CaseFile, model: ModelSpec) -> Partners:
    """The partners of a case that measures `model`."""

    def down(partner: Partner) -> bool:
        return partner in case.down

    return Partners(
        prometheus=Down("Prometheus") if down("prometheus") else RecordedPrometheus(case, model),
        sagemaker=Down("SageMaker") if down("sagemaker") else RecordedSageMaker(case, model),
        datasets=Down("S3") if down("datasets") else RecordedDatasets(case, model),
        logs=Down("CloudWatch Logs") if down("logs") else RecordedLogs(case, model),
        history=Down("GitHub") if down("github") else RecordedHistory(case, model),
    )
