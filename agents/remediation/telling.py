"""Steps on the side: who has to know of broken data. They change nothing."""

from pydantic import ValidationError

from agents.remediation.step import Step
from agents.rules.broken_data import broken, broken_since, source_first
from agents.rules.symptoms import Symptoms
from agents.wording import listed, moment_in_words
from incidents.catalogue import ModelSpec
from incidents.remediation import NotifyOwners

MOST_FEATURES = 3


def steps(model: ModelSpec, symptoms: Symptoms) -> tuple[Step, ...]:
    """The model's owners."""
    if model.owners is None or not broken(symptoms):
        return ()
    try:
        return (Step(remediation=NotifyOwners(owners=model.owners, text=_text(model, symptoms)[:600])),)
    except ValidationError:
        return ()


def _text(model: ModelSpec, symptoms: Symptoms) -> str:
    """In words of the catalogue alone: names that came with the data stay in the evidence."""
    source = model.data.source or "its source"
    since = broken_since(symptoms)
    when = f" since {moment_in_words(since)} on {since:%d %b}" if since else ""
    seen = [*(reading.feature for reading in symptoms.nulls), *(violation.feature for violation in symptoms.broken)]
    features = [name for name in dict.fromkeys(seen) if name in model.features][:MOST_FEATURES]
    named = f" ({listed(features)})" if features else ""
    first = (
        f"Please look at {source} first: running the data pipeline again helps only once it delivers right values."
        if source_first(symptoms)
        else f"Please look at {source} and at the data pipeline."
    )
    return f"The data of {model.name} is broken{when}{named}. {first} Nothing must be trained on this window."
