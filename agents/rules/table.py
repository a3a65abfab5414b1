"""The rule table: which root cause, in the order in which one beats the other (design of the domain).

Data quality beats drift, for drift in broken data is a consequence. A deployment near the onset with unchanged inputs
beats saturation, for a bad version saturates too, unless it was over by then and the traffic grew when the harm began,
or the endpoint logs since then that what it waits for does not answer. A way back to a config that served well is no
deployment. Drift needs harm to count, and clean data to be believed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.rules.symptoms import Symptoms
from incidents.diagnosis import Confidence, RootCause


@dataclass(frozen=True)
class Rule:
    """One row: the cause, what must be so, and how sure it makes us when everything was readable."""

    cause: RootCause
    applies: Callable[[Symptoms], bool]
    confidence: Confidence
    says: str
    """The row in words."""


def _proxies_quiet(s: Symptoms) -> bool:
    """Inputs, scores and serving are as always; none of them waits for labels."""
    return s.inputs_flat and not (s.predictions_drifted or s.anomalies or s.serving_harm)


RULES: Sequence[Rule] = (
    Rule(
        RootCause.DATA_QUALITY,
        lambda s: not s.metrics_readable and bool(s.captured_broken),
        Confidence.LOW,
        "captured requests hold broken data; the metrics cannot be read",
    ),
    Rule(
        RootCause.FEATURE_DRIFT,
        lambda s: not s.metrics_readable and bool(s.captured_drifted) and s.change is None,
        Confidence.LOW,
        "captured requests have drifted; without metrics nobody can tell whether it does harm",
    ),
    Rule(
        RootCause.UNKNOWN,
        lambda s: not s.metrics_readable,
        Confidence.LOW,
        "without metrics nothing can be told",
    ),
    Rule(
        RootCause.BAD_DEPLOYMENT,
        lambda s: s.schema_of_deployment,
        Confidence.MEDIUM,
        "rows violate the schema since the config was changed, while captured requests are as always",
    ),
    Rule(
        RootCause.DATA_QUALITY,
        lambda s: bool(s.nulls or s.schema),
        Confidence.HIGH,
        "nulls or schema violations past their limit; drift and loss of quality follow from them",
    ),
    Rule(
        RootCause.DATA_QUALITY,
        lambda s: bool(s.broken) and bool(s.drifted or s.quality_harm or s.anomalies),
        Confidence.MEDIUM,
        "Model Monitor found broken data, and the model suffers",
    ),
    Rule(
        RootCause.DATA_QUALITY,
        lambda s: bool(s.captured_broken) and bool(s.drifted or s.quality_harm or s.anomalies),
        Confidence.MEDIUM,
        "captured requests hold broken data, and the model suffers",
    ),
    Rule(
        RootCause.INFRASTRUCTURE,
        lambda s: s.deployment is not None and s.load_explains,
        Confidence.MEDIUM,
        "saturated when the traffic grew, some time after the config was changed",
    ),
    Rule(
        RootCause.INFRASTRUCTURE,
        lambda s: s.deployment is not None and s.log_explains,
        Confidence.MEDIUM,
        "since the trouble began, some time after the config was changed, what the endpoint waits for does not answer",
    ),
    Rule(
        RootCause.BAD_DEPLOYMENT,
        lambda s: s.deployment is not None and bool(s.serving_harm),
        Confidence.HIGH,
        "the endpoint got slow or failed right after its config was changed",
    ),
    Rule(
        RootCause.TRAINING_SERVING_SKEW,
        lambda s: s.skew_logged,
        Confidence.MEDIUM,
        "scores or quality changed with unchanged inputs, and the new config logs that it prepares them otherwise",
    ),
    Rule(
        RootCause.BAD_DEPLOYMENT,
        lambda s: s.deployment is not None and bool(s.quality_harm) and s.inputs_flat,
        Confidence.HIGH,
        "quality fell right after the config was changed, with unchanged inputs",
    ),
    Rule(
        RootCause.BAD_DEPLOYMENT,
        lambda s: s.deployment is not None and s.scores_jumped and s.inputs_flat,
        Confidence.MEDIUM,
        "the scores jumped right after the config was changed, with unchanged inputs",
    ),
    Rule(
        RootCause.TRAFFIC_ANOMALY,
        lambda s: s.odd_rows_on_top,
        Confidence.MEDIUM,
        "anomalous rows and more requests began together; drift and loss of quality follow from them",
    ),
    Rule(
        RootCause.DATA_QUALITY,
        lambda s: bool(s.unit_changed),
        Confidence.MEDIUM,
        "nearly every row is anomalous at the usual volume: a unit or a format changed upstream",
    ),
    Rule(
        RootCause.DATA_QUALITY,
        lambda s: bool(s.wrong_values),
        Confidence.MEDIUM,
        "a feature has one value for everybody, or values in another unit, and no config was changed",
    ),
    Rule(
        RootCause.DATA_QUALITY,
        lambda s: s.stale is not None,
        Confidence.MEDIUM,
        "the run that renews the features failed, and they drift since then: they are stale",
    ),
    Rule(
        RootCause.DATA_QUALITY,
        lambda s: bool(s.healed) and bool(s.quality_lost),
        Confidence.MEDIUM,
        "the predictions whose labels come now were made while data was broken, which is well again",
    ),
    Rule(
        RootCause.TRAINING_SERVING_SKEW,
        lambda s: s.skew_shown,
        Confidence.MEDIUM,
        "served features jumped right after the config was changed while the data upstream is sound",
    ),
    Rule(
        RootCause.BAD_DEPLOYMENT,
        lambda s: s.version_worse,
        Confidence.MEDIUM,
        "quality or scores changed right after the config was changed; all drift is small and much older",
    ),
    Rule(
        RootCause.TRAINING_SERVING_SKEW,
        lambda s: s.deployment is not None and bool(s.quality_harm) and bool(s.drifted),
        Confidence.LOW,
        "a new version and shifted inputs at once: the two may prepare features differently",
    ),
    Rule(
        RootCause.INFRASTRUCTURE,
        lambda s: bool(s.serving_harm) and bool(s.full),
        Confidence.HIGH,
        "slow or failing with a saturated endpoint and no new config",
    ),
    Rule(
        RootCause.BENIGN,
        lambda s: s.odd_last_week and not (s.serving_harm or s.quality_harm or s.drifted),
        Confidence.MEDIUM,
        "the volume is unusual against last week only, which was unusual itself",
    ),
    Rule(
        RootCause.DATA_QUALITY,
        lambda s: bool(s.rows_doubled) and not s.serving_harm,
        Confidence.MEDIUM,
        "far more rows than a week ago, and no more requests: rows arrive more than once",
    ),
    Rule(
        RootCause.TRAFFIC_ANOMALY,
        lambda s: bool(s.volume_low) and s.traffic_fell is not None and not s.serving_harm,
        Confidence.MEDIUM,
        "rows and requests fell together: the callers do not reach us",
    ),
    Rule(
        RootCause.DATA_QUALITY,
        lambda s: bool(s.volume_low) and not s.failing,
        Confidence.MEDIUM,
        "too few rows arrive: a stale or cut source",
    ),
    Rule(
        RootCause.FEATURE_DRIFT,
        lambda s: bool(s.drifted) and bool(s.quality_lost) and not s.drift_came_after,
        Confidence.HIGH,
        "inputs drifted, data clean, quality lost",
    ),
    Rule(
        RootCause.FEATURE_DRIFT,
        lambda s: s.drift_by_capture and bool(s.quality_lost) and s.deployment is None,
        Confidence.MEDIUM,
        "captured inputs drifted and are sound, quality lost; no metric tells the drift",
    ),
    Rule(
        RootCause.FEATURE_DRIFT,
        lambda s: bool(s.drifted) and bool(s.quality_slipping) and not s.drift_came_after,
        Confidence.MEDIUM,
        "inputs drifted, data clean, quality on its way out",
    ),
    Rule(
        RootCause.FEATURE_DRIFT,
        lambda s: bool(s.drifted) and s.labels_late is not None and not s.quality_readable,
        Confidence.LOW,
        "inputs drifted, and labels are too late to tell whether it does harm",
    ),
    Rule(
        RootCause.TRAFFIC_ANOMALY,
        lambda s: bool(s.volume_high) or (s.traffic_grew is not None and bool(s.serving_harm)),
        Confidence.MEDIUM,
        "far more requests than usual",
    ),
    Rule(
        RootCause.UNKNOWN,
        lambda s: bool(s.quality_lost) and s.inputs_flat and s.auc_alone,
        Confidence.LOW,
        "the AUC alone fell, with unchanged inputs, data and config: the runbook keeps the model and escalates",
    ),
    Rule(
        RootCause.CONCEPT_DRIFT,
        lambda s: bool(s.quality_lost) and s.drift_came_after and not s.data_broken,
        Confidence.MEDIUM,
        "quality was lost before the inputs drifted, with no new config",
    ),
    Rule(
        RootCause.CONCEPT_DRIFT,
        lambda s: bool(s.quality_lost) and s.inputs_flat,
        Confidence.MEDIUM,
        "quality lost with unchanged inputs and no new config",
    ),
    Rule(
        RootCause.BENIGN,
        lambda s: bool(s.quality_unconfirmed) and _proxies_quiet(s),
        Confidence.MEDIUM,
        "quality looks lost by labels that are late, and nothing that needs no labels moved",
    ),
    Rule(
        RootCause.INFRASTRUCTURE,
        lambda s: s.log_explains or (bool(s.serving_harm) and bool(s.written.decides("out_of_memory"))),
        Confidence.MEDIUM,
        "slow or failing without a new config, and the endpoint's log names what it lacks",
    ),
    Rule(
        RootCause.INFRASTRUCTURE,
        lambda s: s.too_few,
        Confidence.MEDIUM,
        "slow or failing since there are fewer instances, without a new config",
    ),
    Rule(
        RootCause.BAD_DEPLOYMENT,
        lambda s: bool(s.serving_harm) and not s.changes_readable and bool(s.written.decides("broken_code")),
        Confidence.LOW,
        "since the trouble began the endpoint logs code that cannot run; what was changed could not be read",
    ),
    Rule(
        RootCause.UNKNOWN,
        lambda s: s.fails_unwitnessed,
        Confidence.LOW,
        "requests fail, nothing else is unusual, and no log tells a caller's mistake from a dependency that fails",
    ),
    Rule(
        RootCause.INFRASTRUCTURE,
        lambda s: bool(s.serving_harm),
        Confidence.LOW,
        "slow or failing without a new config or a saturated endpoint: a dependency is the likeliest",
    ),
    Rule(
        RootCause.INFRASTRUCTURE,
        lambda s: bool(s.full),
        Confidence.MEDIUM,
        "saturated, not yet slow",
    ),
    Rule(
        RootCause.UNKNOWN,
        lambda s: s.scores_moved_alone and not s.quality_harm,
        Confidence.MEDIUM,
        "the scores jumped, and neither the inputs nor the config explain it",
    ),
    Rule(
        RootCause.BAD_DEPLOYMENT,
        lambda s: s.over_with is not None and not (s.quality_harm or s.drifted or s.anomalies),
        Confidence.MEDIUM,
        "the trouble began with a config and ended when another one took its place",
    ),
    Rule(
        RootCause.DATA_QUALITY,
        lambda s: bool(s.left_behind) and not s.quality_harm,
        Confidence.MEDIUM,
        "nulls or schema violations are over, and the rows of that time still lie where the next training reads them",
    ),
    Rule(
        RootCause.DATA_QUALITY,
        lambda s: s.training_refused_data and not any(r.severity for r in s.dossier.signals),
        Confidence.MEDIUM,
        "a training run failed, and its log names values that it does not accept",
    ),
    Rule(
        RootCause.INFRASTRUCTURE,
        lambda s: (
            s.training_failed is not None
            and s.training_failed.for_capacity
            and not any(r.severity for r in s.dossier.signals)
        ),
        Confidence.MEDIUM,
        "a training run failed because AWS had no machine for it",
    ),
    Rule(
        RootCause.BENIGN,
        lambda s: (
            bool(s.drifted or s.predictions_drifted or s.anomalies)
            and s.quality_readable
            and not s.quality_harm
            and s.alerts_measured
        ),
        Confidence.HIGH,
        "drift without harm",
    ),
    Rule(
        RootCause.BENIGN,
        lambda s: (
            s.quality_readable
            and not any(r.severity for r in s.dossier.signals)
            and not s.dossier.failures
            and s.alerts_measured
        ),
        Confidence.MEDIUM,
        "everything that was read is inside its limits",
    ),
    Rule(RootCause.UNKNOWN, lambda _: True, Confidence.LOW, "no row of the table fits"),
)


def decide(symptoms: Symptoms) -> Rule:
    """The first row that applies."""
    return next(rule for rule in RULES if rule.applies(symptoms))
