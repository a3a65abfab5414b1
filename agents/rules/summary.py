"""The two sentences on top of a diagnosis by the rules."""

from agents.rules.casefile import Casefile
from agents.wording import duration_in_words, listed, moment_in_words
from incidents.diagnosis import RootCause

MISSING = " Part of the evidence could not be read."


def summary(case: Casefile, cause: RootCause) -> str:
    """What an engineer reads first."""
    if not case.brief.listed:
        return (
            f"{case.brief.model} is not in the catalogue, so none of its metrics, changes or data could be looked at. "
            "All that is known are the alerts and what the runbooks say about them."
        )
    return _told(case, cause) + (MISSING if case.dossier.failures else "")


def _told(case: Casefile, cause: RootCause) -> str:
    model = case.brief.model
    match cause:
        case RootCause.DATA_QUALITY:
            return _data_quality(case)
        case RootCause.BAD_DEPLOYMENT:
            return _bad_deployment(case)
        case RootCause.FEATURE_DRIFT:
            return _feature_drift(case)
        case RootCause.CONCEPT_DRIFT:
            return (
                f"{model} lost quality although its inputs look like its training data and no new version went live. "
                "What it has to predict has changed."
            )
        case RootCause.TRAINING_SERVING_SKEW:
            return _skew(case)
        case RootCause.INFRASTRUCTURE:
            return _infrastructure(case)
        case RootCause.TRAFFIC_ANOMALY:
            return _traffic(case)
        case RootCause.BENIGN:
            return _benign(case)
        case RootCause.UNKNOWN if case.symptoms.scores_moved_alone:
            return (
                f"The scores of {model} jumped while its inputs and its config stayed as they were. Something that is "
                "not watched here changed the version or a feature on its way; the model's team has to look."
            )
        case RootCause.UNKNOWN:
            return f"What ails {model} could not be told from what could be read. A person has to look."


def _skew(case: Casefile) -> str:
    s, model = case.symptoms, case.brief.model
    if s.deployment is None or not s.skew_shown:
        return (
            f"{model} lost quality with a new version live and shifted inputs at once. "
            "Training and serving may prepare its features differently."
        )
    features = listed(_names([r.feature for r in s.drifted_features]))
    return (
        f"{features} of {model} moved right after {s.deployment.config} went live at "
        f"{moment_in_words(s.deployment.at)}, while the data upstream is sound. "
        "The new version prepares it otherwise than training did."
    )


def _traffic(case: Casefile) -> str:
    s, model = case.symptoms, case.brief.model
    if s.odd_rows_on_top:
        follows = " The drift follows from them." if s.drifted else ""
        return (
            f"Far more requests than usual arrive at {model}, and many of their rows are far outside of its training "
            f"data. They look like a bot, a replay or a load test, not like new customers.{follows}"
        )
    if s.volume_low:
        return f"Far fewer requests and rows than usual arrive at {model}. Its callers do not reach it, or stay away."
    return f"Far more requests than usual arrive at {model}."


def _data_quality(case: Casefile) -> str:
    s, brief = case.symptoms, case.brief
    if s.unit_changed and not (s.nulls or s.schema or s.broken):
        features = listed(_names([r.feature for r in s.drifted_features]))
        source = f" in {brief.data_source}" if brief.data_source else " upstream"
        return (
            f"Nearly every row of {brief.model} is far outside of its training data at once, at the usual volume "
            f"({features}). A unit or a format changed{source}; no group of customers moves so far so fast."
        )
    if not s.data_broken:
        return f"Far fewer rows than usual arrive at {brief.model}: its source is stale or cut."
    by_monitor, captured = [v.feature for v in s.broken], [c.feature for c in s.captured_broken]
    features = _names([r.feature for r in s.nulls] or by_monitor or captured)
    verb = "arrives" if len(features) == 1 else "arrive"
    what = f"{listed(features)} {verb} broken" if features else "Rows arrive that violate the schema"
    source = f" from {brief.data_source}" if brief.data_source else ""
    follows = " The drift and the loss of quality follow from it." if s.drifted and s.quality_harm else ""
    return f"{what}{source}.{follows} Retraining on this data would teach {brief.model} the fault."


def _bad_deployment(case: Casefile) -> str:
    s = case.symptoms
    if s.slow and s.failing:
        what = "got slow and failed requests"
    elif s.slow:
        what = "got slow"
    else:
        what = "failed requests" if s.failing else "lost quality" if s.quality_harm else "scores otherwise"
    if s.deployment is None:
        return f"{case.brief.endpoint} {what}."
    inputs = " while its inputs stayed as they were" if s.inputs_flat else ""
    live = f"{s.deployment.config} went live at {moment_in_words(s.deployment.at)}"
    return f"{case.brief.endpoint} {what} right after {live}{inputs}. The new version is the cause."


def _feature_drift(case: Casefile) -> str:
    s, model = case.symptoms, case.brief.model
    if not s.metrics_readable:
        features = listed(_names([c.feature for c in s.captured_drifted]))
        return (
            f"Captured requests of {model} no longer look like its training data ({features}). "
            "Whether that does harm cannot be told without its metrics."
        )
    features = listed(_names([r.feature for r in s.drifted_features])) or "as a whole"
    if s.labels_late and not s.quality_harm:
        return f"The inputs of {model} drifted ({features}). Labels are too late to tell whether that does harm."
    lost = "lost quality" if s.quality_lost else "is losing quality"
    if s.data_readable and s.changes_readable:
        return (
            f"The inputs of {model} no longer look like its training data ({features}), and it {lost}. "
            "The data itself is clean and no new version went live."
        )
    return f"The inputs of {model} drifted ({features}), and it {lost}."


def _infrastructure(case: Casefile) -> str:
    s, endpoint = case.symptoms, case.brief.endpoint
    if s.log_explains and (s.deployment is not None or not s.full):
        told = f"{endpoint} is slow or fails, and logs since then that what it waits for does not answer or refuses."
        if s.deployment is None:
            return f"{told} No new version is the cause; the owner of that has to look."
        return f"{told} {s.deployment.config} had served well before that: the owner of that has to look."
    if not s.full:
        if s.written.decides("out_of_memory"):
            return f"{endpoint} is slow or fails, and logs since then that memory or disk ran out, on the same version."
        return (
            f"{endpoint} is slow or fails without a new version and without being saturated. "
            "Something it depends on is the likeliest."
        )
    grew = " because far more requests arrive than before" if s.traffic_grew else ""
    if s.deployment is not None:
        config = f"The trouble came with the traffic and not with {s.deployment.config}, which was live before it"
    elif s.returned:
        config = "The config that is live was put back and had served well before"
    else:
        config = "The config is the same as before"
    if s.cpu or s.memory:
        trouble = f"{endpoint} has no {'CPU' if s.cpu else 'memory'} left{grew}, so requests queue"
    else:
        trouble = f"{endpoint} refuses requests{grew or ' because more arrive than it takes'} (throttling)"
    return f"{trouble}. {config}; it needs more instances."


def _benign(case: Casefile) -> str:
    s, model = case.symptoms, case.brief.model
    if s.quality_unconfirmed and s.labels_late:
        late = s.labels_late
        return (
            f"The labels of {model} are late ({duration_in_words(late.now)} instead of "
            f"{duration_in_words(late.usual)}), so its loss of quality is not confirmed. "
            "Inputs and predictions are as before: wait for the labels."
        )
    if not (s.drifted or s.predictions_drifted or s.anomalies):
        return f"Everything that was read about {model} is inside its limits now. It may have passed by itself."
    clean = " and the data is clean" if s.data_readable else ""
    as_then = ", as a week ago at this hour" if s.seasonal else ""
    if s.predictions_drifted and s.inputs_flat and not s.anomalies:
        what = f"The scores of {model} shifted{as_then} while its inputs did not"
    else:
        features = listed(_names([r.feature for r in s.drifted_features])) or "The data"
        what = f"{features} of {model} shifted{as_then}"
    return f"{what}, but its quality is as before{clean}. It is enough to watch."


def _names(features: list[str | None] | list[str]) -> list[str]:
    return list(dict.fromkeys(f for f in features if f))[:3]
