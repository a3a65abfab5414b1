"""Runs of the model's pipelines that failed: features that were not renewed, and candidates that were not trained."""

from agents.brief import CaseBrief
from agents.readings.dossier import Dossier
from agents.readings.serving import ChangeReading


def failed_run(dossier: Dossier, pipeline: str | None) -> ChangeReading | None:
    """The last run of a pipeline, where it failed; None where it did not, or where none is known."""
    runs = [one for one in dossier.changes if one.run is not None and one.subject == pipeline]
    last = max(runs, key=lambda one: one.at, default=None)
    return last if last is not None and last.run == "failed" else None


def stale_since(dossier: Dossier, brief: CaseBrief) -> ChangeReading | None:
    """The failed run since which features are as they were: inputs that drift from then on are stale, not new.

    A stale source is a matter of the data (design of the domain); the procedure is to quarantine and to run again.
    """
    failed = failed_run(dossier, brief.data_pipeline)
    onsets = [s.onset for s in dossier.signals if s.feature and s.unit == "PSI" and s.severity is not None]
    if failed is None or not onsets or None in onsets:
        return None
    return failed if all(at is not None and at >= failed.at - brief.change_may_precede_onset for at in onsets) else None
