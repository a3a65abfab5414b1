"""The Prometheus text format, and labels as the database keeps them."""

from collections.abc import Iterable

from sandbox.world.tsdb import NAME, Labels

RawSample = tuple[str, dict[str, str], float]

HELP = {
    "ml_feature_psi": ("gauge", "Population stability index of a feature against the training data, 10 quantile bins."),
    "ml_feature_psi_aggregate": ("gauge", "PSI over all features, weighted by importance."),
    "ml_prediction_psi": ("gauge", "PSI of the predictions against those of the evaluation."),
    "ml_model_accuracy": ("gauge", "Accuracy on labelled predictions."),
    "ml_model_f1": ("gauge", "F1 on labelled predictions."),
    "ml_model_precision": ("gauge", "Precision on labelled predictions."),
    "ml_model_recall": ("gauge", "Recall on labelled predictions."),
    "ml_model_auc": ("gauge", "Area under the ROC curve on labelled predictions."),
    "ml_model_baseline": ("gauge", "Value of a quality metric at registration."),
    "ml_inference_latency_seconds": ("histogram", "Latency of requests to the endpoint."),
    "ml_inference_requests_total": ("counter", "Requests to the endpoint."),
    "ml_inference_errors_total": ("counter", "Requests to the endpoint that failed."),
    "ml_inference_throttled_total": ("counter", "Requests that the endpoint refused for being too many (HTTP 429)."),
    "ml_anomaly_ratio": ("gauge", "Share of rows with a value far outside of the training data."),
    "ml_feature_null_ratio": ("gauge", "Share of nulls in a feature at the source."),
    "ml_schema_violation_ratio": ("gauge", "Share of rows that violate the schema."),
    "ml_input_volume_ratio": ("gauge", "Rows, relative to the same hour a week ago."),
    "ml_endpoint_cpu_utilization_ratio": ("gauge", "CPU in use over CPU there."),
    "ml_endpoint_memory_utilization_ratio": ("gauge", "Memory in use over memory there."),
    "ml_endpoint_instances": ("gauge", "Instances in service."),
    "ml_label_delay_seconds": ("gauge", "Age of labels when they arrive."),
    "ml_endpoint_config_info": ("gauge", "The endpoint config in service."),
}

_SUFFIXES = ("_bucket", "_sum", "_count")


def family_of(name: str) -> str:
    """The metric family a sample belongs to."""
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and name.removesuffix(suffix) in HELP:
            return name.removesuffix(suffix)
    return name


def escape(value: str) -> str:
    """A label value between quotes."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def line(name: str, labels: Iterable[tuple[str, str]], value: float) -> str:
    """One sample without a time."""
    inside = ",".join(f'{key}="{escape(text)}"' for key, text in labels)
    return f"{name}{{{inside}}} {value!r}"


def text_format(samples: Iterable[RawSample]) -> str:
    """Samples grouped by family, with HELP and TYPE."""
    families: dict[str, list[str]] = {}
    for name, labels, value in samples:
        families.setdefault(family_of(name), []).append(line(name, labels.items(), value))
    blocks: list[str] = []
    for family, lines in families.items():
        kind, description = HELP[family]
        blocks += [f"# HELP {family} {description}", f"# TYPE {family} {kind}", *lines]
    return "\n".join(blocks) + "\n"


def target_labels(name: str, labels: dict[str, str], target: dict[str, str]) -> Labels:
    """Labels as Prometheus stores them after a scrape of the target."""
    return tuple(sorted({**target, **labels, NAME: name}.items()))
