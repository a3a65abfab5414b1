"""A case file as an investigation sees it: an incident, and recorded partners that answer for the real ones."""

from dataclasses import dataclass

from agents.sources import RunbookReads, Sources
from incidents.catalogue import Catalogue
from incidents.investigation import Case
from tools.case_files.case_file import CaseFile
from tools.case_files.down import Down
from tools.case_files.fitting import with_model_of
from tools.case_files.incident import incident_of
from tools.case_files.partners import Partners, partners_of


@dataclass(frozen=True)
class Scene:
    """What an investigation starts from, what it looks through, and the recordings behind that."""

    case: Case
    sources: Sources
    partners: Partners


def scene_of(case: CaseFile, catalogue: Catalogue, runbooks: RunbookReads) -> Scene:
    """The scene that a case file sets. Raises `ManifestError` where the file and the catalogue do not fit."""
    measured, extended = with_model_of(case, catalogue)
    partners = partners_of(case, measured)
    told = incident_of(case, measured, extended)
    sources = Sources(
        clock=lambda: told.now,
        prometheus=partners.prometheus,
        sagemaker=partners.sagemaker,
        datasets=partners.datasets,
        runbooks=Down("Runbook index") if "runbooks" in case.down else runbooks,
        logs=partners.logs,
        history=partners.history,
    )
    return Scene(told, sources, partners)
