"""The two sentences on top of a diagnosis by the rules."""

from agents.rules.casefile import Casefile
from agents.rules.data_words import data_quality, names
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
            return data_quality(case) + _second_trouble(case)
        case RootCause.BAD_DEPLOYMENT:
            return _bad_deployment(case)
        case RootCause.FEATURE_DRIFT:
            return _feature_drift(case)
        case RootCause.CONCEPT_DRIFT:
            return _concept_drift(case)
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
        case RootCause.UNKNOWN if case.symptoms.fails_unwitnessed:
            return (
                f"Requests to {case.brief.endpoint} fail while its config, its load and its inputs are as before. No "
                "log could be read that tells a caller's mistake from a dependency that fails. A person has to look."
            )
        case RootCause.UNKNOWN:
            return f"What ails {model} could not be told from what could be read. A person has to look."


def _concept_drift(case: Casefile) -> str:
    s, model = case.symptoms, case.brief.model
    live = case.dossier.live_config
    if s.drift_came_after:
        inputs = "before any of its inputs drifted"
    else:
        inputs = "although its inputs look like its training data"
    if live is not None and live.since is not None and s.judged_since is not None and live.since > s.judged_since:
        version = f"the predictions that are judged now were made before {live.config} went live"
    else:
        version = "no new version went live when it began"
    return f"{model} lost quality {inputs}, and {version}. What it has to predict has changed."


def _skew(case: Casefile) -> str:
    s, model = case.symptoms, case.brief.model
    if s.deployment is not None and s.skew_logged:
        what = "lost quality" if s.quality_harm else "scores otherwise"
        return (
            f"{model} {what} since {s.deployment.config} went live at {moment_in_words(s.deployment.at)}, while its "
            "inputs stayed as they were. The endpoint logs since then that features are not prepared as in training."
        )
    if s.deployment is None or not s.skew_shown:
        return (
            f"{model} lost quality with a new version live and shifted inputs at once. "
            "Training and serving may prepare its features differently."
        )
    features = listed(names([r.feature for r in s.drifted_features]))
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


def _bad_deployment(case: Casefile) -> str:
    s = case.symptoms
    if s.over_with and not s.serving_harm:
        bad, since = s.over_with
        return (
            f"{case.brief.endpoint} did worse from {moment_in_words(since)} on, right after {bad.config} went live, "
            f"and is well again since another config took its place. {bad.config} was the cause; nothing is left to do."
        )
    if s.schema_of_deployment and s.deployment:
        return (
            f"Rows violate the schema of {case.brief.model} since {s.deployment.config} went live at "
            f"{moment_in_words(s.deployment.at)}, while callers send what they always sent. The new config asks for "
            "another schema."
        )
    if s.slow and s.failing:
        what = "got slow and failed requests"
    elif s.slow:
        what = "got slow"
    else:
        what = "failed requests" if s.failing else "lost quality" if s.quality_harm else "scores otherwise"
    if s.deployment is None:
        return f"{case.brief.endpoint} {what}."
    inputs = " while its inputs stayed as they were" if s.inputs_flat else ""
    older = f" {_older_drift(case)}" if s.version_worse and not s.serving_harm else ""
    live = f"{s.deployment.config} went live at {moment_in_words(s.deployment.at)}"
    endpoint = case.dossier.endpoint
    carried = (
        f" {endpoint.config}, which took its place, carries the fault on."
        if endpoint is not None and endpoint.config != s.deployment.config
        else ""
    )
    return f"{case.brief.endpoint} {what} right after {live}{inputs}. The new version is the cause.{older}{carried}"


def _older_drift(case: Casefile) -> str:
    features = listed(names([r.feature for r in case.symptoms.drifted_features])) or "the inputs as a whole"
    return f"The drift of {features} is small and began long before it."


def _feature_drift(case: Casefile) -> str:
    s, model = case.symptoms, case.brief.model
    if not s.metrics_readable:
        features = listed(names([c.feature for c in s.captured_drifted]))
        return (
            f"Captured requests of {model} no longer look like its training data ({features}). "
            "Whether that does harm cannot be told without its metrics."
        )
    drifted = [r.feature for r in s.drifted_features] or [c.feature for c in s.captured_drifted]
    features = listed(names(drifted)) or "as a whole"
    if s.labels_late and not s.quality_harm:
        return f"The inputs of {model} drifted ({features}). Labels are too late to tell whether that does harm."
    lost = "lost quality" if s.quality_lost else "is losing quality"
    if s.data_readable and s.changes_readable:
        return (
            f"The inputs of {model} no longer look like its training data ({features}), and it {lost}. "
            "The data itself is clean and no new version went live when it began."
        )
    return f"The inputs of {model} drifted ({features}), and it {lost}."


def _infrastructure(case: Casefile) -> str:
    s, endpoint = case.symptoms, case.brief.endpoint
    if s.log_explains and (s.deployment is not None or not s.full):
        told = f"{endpoint} is slow or fails, and logs since then that what it waits for does not answer or refuses."
        if s.deployment is None:
            return f"{told} No new version is the cause; the owner of that has to look."
        return f"{told} {s.deployment.config} had served well before that: the owner of that has to look."
    if s.too_few and not s.full:
        return f"{endpoint} is slow or fails{_left(case)}, without a new version. It needs its instances back."
    if not s.full:
        if s.written.decides("out_of_memory"):
            return f"{endpoint} is slow or fails, and logs since then that memory or disk ran out, on the same version."
        if s.training_failed and not s.serving_harm:
            return (
                f"The last training run of {case.brief.model} failed because AWS had no machine for it. "
                "What serves now is inside its limits."
            )
        return (
            f"{endpoint} is slow or fails without a new version and without being saturated. "
            "Something it depends on is the likeliest."
        )
    if s.deployment is not None:
        config = f"The trouble came with the traffic and not with {s.deployment.config}, which was live before it"
    elif s.put_back:
        config = "The config that is live was put back and had served well before"
    else:
        config = "No new config went live when it began"
    return f"{_full(case)}. {config}; it needs more instances."


def _full(case: Casefile) -> str:
    s, endpoint = case.symptoms, case.brief.endpoint
    grew = " because far more requests arrive than before" if s.traffic_grew else _left(case)
    if s.traffic_grew and s.traffic_of_the_hour:
        grew = ", although no more requests arrive than at this hour a week ago"
    if s.cpu or s.memory:
        return f"{endpoint} has no {'CPU' if s.cpu else 'memory'} left{grew}, so requests queue"
    return f"{endpoint} refuses requests{grew or ' because more arrive than it takes'} (throttling)"


def _left(case: Casefile) -> str:
    fewer = case.symptoms.fewer_since
    return f" since it has {fewer.now:.0f} of {fewer.before:.0f} instances" if fewer else ""


def _second_trouble(case: Casefile) -> str:
    """That the endpoint is in trouble as well, which repairing the data does not end; empty where it is not."""
    s, endpoint = case.symptoms, case.brief.endpoint
    if not s.serving_apart:
        return ""
    if s.full and s.needs_instances:
        return f" Beside that, {_full(case)}: it needs more instances, whatever becomes of the data."
    what = "is slow" if s.serving_apart[0] in s.slow else "fails requests"
    if s.deployment is not None:
        live = f"{s.deployment.config} went live at {moment_in_words(s.deployment.at)}"
        return f" Beside that, {endpoint} {what} since {live}: a second trouble, which clean data does not end."
    return f" Beside that, {endpoint} {what}{_left(case)}: a second trouble, which clean data does not end."


def _benign(case: Casefile) -> str:
    s, model = case.symptoms, case.brief.model
    if s.quality_unconfirmed and s.labels_late:
        late = s.labels_late
        return (
            f"The labels of {model} are late ({duration_in_words(late.now)} instead of "
            f"{duration_in_words(late.usual)}), so its loss of quality is not confirmed. "
            "Inputs and predictions are as before: wait for the labels."
        )
    if s.odd_last_week:
        return (
            f"The input volume of {model} is unusual against last week only: requests are those of yesterday at this "
            "hour, and last week's were not. It is enough to watch."
        )
    if not (s.drifted or s.predictions_drifted or s.anomalies):
        return f"Everything that was read about {model} is inside its limits now. It may have passed by itself."
    clean = " and the data is clean" if s.data_readable else ""
    as_then = ", as a week ago at this hour" if s.seasonal else ""
    if s.predictions_drifted and s.inputs_flat and not s.anomalies:
        what = f"The scores of {model} shifted{as_then} while its inputs did not"
    else:
        features = listed(names([r.feature for r in s.drifted_features])) or "The data"
        what = f"{features} of {model} shifted{as_then}"
    return f"{what}, but its quality is as before{clean}. It is enough to watch."
