"""Steps on the side: who has to know of broken data. They change nothing, and code writes every word of them."""

from pydantic import ValidationError

from agents.permitted_step import Step
from agents.rules.broken_data import broken, broken_since, source_first
from agents.rules.symptoms import Symptoms
from agents.wording import listed, moment_in_words
from incidents.catalogue import ModelSpec
from incidents.remediation import NotifyOwners, OpenIssue

MOST_FEATURES = 3


def steps(model: ModelSpec, symptoms: Symptoms, issue: OpenIssue | None) -> tuple[Step, ...]:
    """The model's owners, and an issue where one can be opened."""
    if not broken(symptoms):
        return ()
    tells = [_owners(model, symptoms), issue]
    return tuple(Step(remediation=one) for one in tells if one is not None)


def _owners(model: ModelSpec, symptoms: Symptoms) -> NotifyOwners | None:
    if model.owners is None:
        return None
    try:
        return NotifyOwners(owners=model.owners, text=_text(model, symptoms)[:600])
    except ValidationError:
        return None  # a name that is no group's handle


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
