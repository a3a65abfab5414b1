"""The brief: what a reasoner is told about a case before it asks anything."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from agents.collectors.lens import Lens
from agents.fencing import fenced
from incidents.clock import Moment

LONGEST_QUESTION = 1000


class CaseBrief(BaseModel):
    """The case in facts of the catalogue and of the clock, and a person's question where there is one."""

    model_config = ConfigDict(frozen=True)

    incident: str
    model: str
    listed: bool
    unlisted_reason: str = ""
    tier: int
    endpoint: str | None = None
    last_known_good: str | None = None
    training_pipeline: str | None = None
    training_window_days: int | None = None
    training_window_in_metrics: timedelta | None = None
    """The same on the clock of the world that is looked at."""
    data_source: str | None = None
    data_pipeline: str | None = None
    monitored: bool = False
    """Whether Model Monitor watches its data."""
    features: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    alerts_since: Moment
    now: Moment
    change_may_precede_onset: timedelta
    clock_slack: timedelta
    together: timedelta = timedelta(minutes=10)
    """Two things that begin within this of each other began together."""
    question: str = ""

    def fenced(self) -> str:
        """The brief inside the fence."""
        return fenced("case", {"case": self.model_dump(mode="json", exclude_none=True)})


def brief_of(lens: Lens) -> CaseBrief:
    """The brief of a case."""
    incident, model = lens.case.incident, lens.model
    return CaseBrief(
        incident=incident.id,
        model=incident.model,
        listed=model is not None,
        unlisted_reason=incident.unlisted_reason,
        tier=incident.tier,
        endpoint=model.endpoint.name if model and model.endpoint else None,
        last_known_good=model.endpoint.last_known_good if model and model.endpoint else None,
        training_pipeline=model.retraining.pipeline if model and model.retraining else None,
        training_window_days=model.retraining.window_days if model and model.retraining else None,
        training_window_in_metrics=(
            timedelta(days=model.retraining.window_days) / lens.timing.speed if model and model.retraining else None
        ),
        data_source=model.data.source if model else None,
        data_pipeline=model.data.pipeline if model else None,
        monitored=bool(model and model.data.monitor),
        features=model.features if model else (),
        signals=tuple(model.signals) if model else (),
        alerts_since=incident.started_at,
        now=lens.now,
        change_may_precede_onset=lens.timing.before_onset,
        together=lens.timing.together,
        clock_slack=lens.timing.slack,
        question=lens.case.question[:LONGEST_QUESTION],
    )
