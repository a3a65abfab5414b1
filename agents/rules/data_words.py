"""What a diagnosis of broken data says on top."""

from agents.readings.metrics import SignalReading
from agents.rules.casefile import Casefile
from agents.wording import listed, moment_in_words


def data_quality(case: Casefile) -> str:
    """One or two sentences: what is wrong with the data, and what follows."""
    s, brief = case.symptoms, case.brief
    source = f" from {brief.data_source}" if brief.data_source else ""
    if s.left_behind and not s.quality_harm:
        return _left_behind(case, source)
    if s.nulls or s.schema or s.broken or s.captured_broken:
        return _broken(case, source)
    if s.unit_changed:
        features = listed(names([r.feature for r in s.drifted_features]))
        place = f" in {brief.data_source}" if brief.data_source else " upstream"
        return (
            f"Nearly every row of {brief.model} is far outside of its training data at once, at the usual volume "
            f"({features}). A unit or a format changed{place}; no group of customers moves so far so fast."
        )
    if s.constant:
        features = names([r.feature for r in s.constant])
        return (
            f"{listed(features)} of {brief.model} {_has(features)} one value in all rows, where the training data has "
            "many. A default stands in for what is missing; it hides from the null ratio. No retraining on it."
        )
    if s.rescaled:
        features = names([r.feature for r in s.rescaled])
        return (
            f"{listed(features)} of {brief.model} {_has(features)} the median of the training data times the factor "
            "between two units. A unit changed on the way to the endpoint, not the customers. No retraining on it."
        )
    return _missing(case, source)


def _broken(case: Casefile, source: str) -> str:
    s, model = case.symptoms, case.brief.model
    by_monitor, captured = [v.feature for v in s.broken], [c.feature for c in s.captured_broken]
    features = names([r.feature for r in s.nulls] or by_monitor or captured)
    what = (
        f"{listed(features)} {'arrives' if len(features) == 1 else 'arrive'} broken"
        if features
        else "Rows arrive that violate the schema"
    )
    follows = " The drift and the loss of quality follow from it." if s.drifted and s.quality_harm else ""
    return f"{what}{source}.{follows} Retraining on this data would teach {model} the fault."


def _left_behind(case: Casefile, source: str) -> str:
    s, model = case.symptoms, case.brief.model
    features = listed(names([r.feature for r in s.left_behind])) or "Rows"
    refused = " The last training run failed, and its log names values it does not accept." if s.refused_run else ""
    return (
        f"{features}{source} came broken until {_until(s.left_behind)}, and what comes now is well again. The rows of "
        f"that time stay as they came until the pipeline has run for them again: {model} must not be trained on them."
        f"{refused}"
    )


def _missing(case: Casefile, source: str) -> str:
    s, brief = case.symptoms, case.brief
    if s.stale:
        features = listed(names([r.feature for r in s.drifted_features]))
        return (
            f"The last run of {s.stale.subject} failed at {moment_in_words(s.stale.at)} on {s.stale.at:%d %b}. Since "
            f"then {features} of {brief.model} moved away from the training data: old values are served. Run it again; "
            "retraining would teach the model old data."
        )
    if s.healed:
        features = listed(names([r.feature for r in s.healed])) or "Rows"
        return (
            f"{features}{source} came broken until {_until(s.healed)}. The labels that came since are of predictions "
            f"made then, which is why {brief.model} seems to have lost quality. The data is well again: no retraining."
        )
    if s.training_refused_data:
        return (
            f"The last training run of {brief.model} failed, and its log names values that it does not accept. "
            "Repair the rows before it is started again. What serves now is inside its limits."
        )
    if s.rows_doubled:
        return (
            f"Far more rows than a week ago arrive for {brief.model}, but no more requests at its endpoint: "
            f"rows{source} seem to be delivered more than once."
        )
    return f"Far fewer rows than usual arrive at {brief.model}: its source is stale or cut."


def _until(over: list[SignalReading]) -> str:
    ends = [r.last_breach for r in over if r.last_breach is not None]
    return moment_in_words(max(ends)) if ends else "a while ago"


def names(features: list[str | None] | list[str]) -> list[str]:
    """Each name once, at most three."""
    return list(dict.fromkeys(f for f in features if f))[:3]


def _has(features: list[str]) -> str:
    return "has" if len(features) == 1 else "have"
