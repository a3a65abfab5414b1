"""The data behind the metrics, as SageMaker leaves it in S3: data capture and the results of Model Monitor.

Keys below the model's bucket:
    capture/<endpoint>/AllTraffic/yyyy/mm/dd/hh/<minutes>-<id>.jsonl
    baseline/train.csv, baseline/statistics.json, baseline/constraints.json
    monitor/<endpoint>/<model>-data-quality/yyyy/mm/dd/hh/statistics.json, constraint_violations.json
"""

import csv
import io
import json
import threading
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from sandbox.scenario import Violation
from sandbox.world.features import UNSHIFTED, Feature, Shift, Values, draw, scores_of
from sandbox.world.profiles import ModelProfile

HOUR = 3600.0
ROWS_PER_FILE = 250
MONITORED_ROWS = 5000
TRAINING_ROWS = 5000
SKETCHED = 8
"""Model Monitor keeps a sample of each number in its statistics: here one value for so many rows, a power of two."""
VARIANT = "AllTraffic"


class Puts(Protocol):
    """Where objects are put."""

    def put(self, bucket: str, key: str, body: bytes) -> str:
        """Write an object."""
        ...


class ObjectStore(Puts, Protocol):
    """Where documents are put, too."""

    def put_json(self, bucket: str, key: str, document: Any) -> str:
        """Write a JSON document."""
        ...


class ModelData:
    """Writes the data of one model.

    Args:
        profile: Whose data it is.
        seed: Makes the rows repeatable.
    """

    def __init__(self, profile: ModelProfile, seed: int) -> None:
        self._profile = profile
        self._rng = np.random.default_rng(seed)
        self._lock = threading.RLock()
        drawn = {f.name: draw(f, UNSHIFTED, TRAINING_ROWS, self._rng)[0] for f in profile.features}
        self._training = drawn
        self._means = {name: float(values.mean()) for name, values in drawn.items()}
        self._deviations = {name: float(values.std()) or 1.0 for name, values in drawn.items()}

    @property
    def bucket(self) -> str:
        """Where it lies."""
        return self._profile.bucket

    @cached_property
    def training_csv(self) -> bytes:
        """The training data, with the label: the same after each reset."""
        names = [feature.name for feature in self._profile.features]
        columns = [[_value(f, float(v)) for v in self._training[f.name]] for f in self._profile.features]
        labels = (self._scores(self._training) > 0.5).astype(int).tolist()
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*names, "label"])
        writer.writerows(zip(*columns, labels, strict=True))
        return text.getvalue().encode()

    def baseline(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Model Monitor's statistics.json and constraints.json of the training data."""
        features: list[dict[str, Any]] = []
        for feature in self._profile.features:
            numeric = feature.family != "category"
            features.append(
                {
                    "name": feature.name,
                    "inferred_type": "Fractional" if numeric else "String",
                    "completeness": 1.0,
                    **({"num_constraints": {"is_non_negative": feature.family != "normal"}} if numeric else {}),
                    **({} if numeric else {"string_constraints": {"domains": list(feature.values)}}),
                }
            )
        constraints = {
            "version": 0.0,
            "features": features,
            "monitoring_config": {
                "evaluate_constraints": "Enabled",
                "datatype_check_threshold": 1.0,
                "domain_content_threshold": 1.0,
                "distribution_constraints": {
                    "perform_comparison": "Enabled",
                    "comparison_threshold": 0.1,
                    "comparison_method": "Robust",
                },
            },
        }
        return self._statistics({}), constraints

    def write_past(self, store: ObjectStore, now: float, hours: int = 3) -> None:
        """The training data, a file of captured requests for each of the last hours, and runs of the monitor."""
        statistics, constraints = self.baseline()
        store.put(self.bucket, "baseline/train.csv", self.training_csv)
        store.put_json(self.bucket, "baseline/statistics.json", statistics)
        store.put_json(self.bucket, "baseline/constraints.json", constraints)
        for back in range(hours, 0, -1):
            begin = (now // HOUR - back) * HOUR
            self.write_capture(store, {}, begin, begin + HOUR)
            self.write_monitor(store, {}, (), begin)

    def write_capture(
        self, store: Puts, shifts: dict[str, Shift], begin: float, end: float, rows: int = ROWS_PER_FILE
    ) -> str:
        """Captured requests spread evenly over a time within one hour; answers the object's key."""
        profile = self._profile
        with self._lock:
            drawn = {f.name: draw(f, shifts.get(f.name, UNSHIFTED), rows, self._rng) for f in profile.features}
            answers = self._scores({name: values for name, (values, _) in drawn.items()})
            name, ids = uuid.UUID(bytes=self._rng.bytes(16), version=4), self._rng.bytes(16 * rows)
        lines: list[str] = []
        for row in range(rows):
            given = {
                feature.name: None if null[row] else _value(feature, float(values[row]))
                for feature in profile.features
                for values, null in (drawn[feature.name],)
            }
            event = uuid.UUID(bytes=ids[16 * row : 16 * row + 16], version=4)
            lines.append(_captured(given, float(answers[row]), begin + (end - begin) * row / rows, event))
        hour = datetime.fromtimestamp(begin, UTC)
        folder = f"capture/{profile.endpoint}/{VARIANT}/{hour:%Y/%m/%d/%H}"
        key = f"{folder}/{hour:%M-%S}-{hour.microsecond // 1000:03d}-{name}.jsonl"
        store.put(profile.bucket, key, ("\n".join(lines) + "\n").encode())
        return key

    def _scores(self, columns: dict[str, Values]) -> Values:
        return scores_of(self._profile.features, columns, self._means, self._deviations)

    def write_monitor(
        self, store: ObjectStore, shifts: dict[str, Shift], violations: Iterable[Violation], at: float
    ) -> None:
        """One run of Model Monitor: statistics and violations of the hour."""
        profile = self._profile
        hour = datetime.fromtimestamp(at, UTC)
        folder = f"monitor/{profile.endpoint}/{profile.name}-data-quality/{hour:%Y/%m/%d/%H}"
        found = [
            {"feature_name": v.feature, "constraint_check_type": v.check, "description": v.description}
            for v in violations
        ]
        store.put_json(profile.bucket, f"{folder}/statistics.json", self._statistics(shifts))
        store.put_json(profile.bucket, f"{folder}/constraint_violations.json", {"violations": found})

    def _statistics(self, shifts: dict[str, Shift]) -> dict[str, Any]:
        features: list[dict[str, Any]] = []
        for feature in self._profile.features:
            with self._lock:
                values, null = draw(feature, shifts.get(feature.name, UNSHIFTED), MONITORED_ROWS, self._rng)
            features.append(_feature_statistics(feature, values[~null], int(null.sum())))
        return {"version": 0.0, "dataset": {"item_count": MONITORED_ROWS}, "features": features}


def _captured(given: dict[str, object], score: float, at: float, event: uuid.UUID) -> str:
    record = {
        "captureData": {
            "endpointInput": {
                "observedContentType": "application/json",
                "mode": "INPUT",
                "data": json.dumps(given),
                "encoding": "JSON",
            },
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": json.dumps({"score": round(score, 4)}),
                "encoding": "JSON",
            },
        },
        "eventMetadata": {
            "eventId": str(event),
            "inferenceTime": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        },
        "eventVersion": "0",
    }
    return json.dumps(record)


def _value(feature: Feature, value: float) -> object:
    if feature.family == "category":
        return feature.values[int(value)]
    return int(value) if feature.family == "count" else round(value, 3)


def _feature_statistics(feature: Feature, values: Values, missing: int) -> dict[str, Any]:
    common = {"num_present": len(values), "num_missing": missing}
    if feature.family == "category":
        codes, counts = np.unique(values, return_counts=True)
        buckets = [
            {"value": feature.values[int(code)], "count": int(count)} for code, count in zip(codes, counts, strict=True)
        ]
        strings = {
            "common": common,
            "distinct_count": len(codes),
            "distribution": {"categorical": {"buckets": buckets}},
        }
        return {"name": feature.name, "inferred_type": "String", "string_statistics": strings}
    counts, edges = np.histogram(values, bins=10)
    buckets = [
        {"lower_bound": float(low), "upper_bound": float(high), "count": int(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    numbers = {
        "common": common,
        "mean": float(values.mean()),
        "sum": float(values.sum()),
        "std_dev": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
        "distribution": {"kll": {"buckets": buckets, "sketch": _sketch(values)}},
    }
    return {"name": feature.name, "inferred_type": "Fractional", "numerical_statistics": numbers}


def _sketch(values: Values) -> dict[str, Any]:
    """A KLL sketch whose values all stand for the same number of rows."""
    height = SKETCHED.bit_length() - 1
    kept = [round(float(value), 4) for value in np.sort(values)[SKETCHED // 2 :: SKETCHED]]
    return {"parameters": {"c": 0.64, "k": 2048.0}, "data": [*([] for _ in range(height)), kept]}
