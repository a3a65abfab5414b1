"""The root causes in plain words, the same wherever people read them."""

from incidents.diagnosis import RootCause

CAUSE: dict[RootCause, str] = {
    RootCause.DATA_QUALITY: "Broken input data",
    RootCause.FEATURE_DRIFT: "Feature drift",
    RootCause.CONCEPT_DRIFT: "Concept drift",
    RootCause.TRAINING_SERVING_SKEW: "Training-serving skew",
    RootCause.BAD_DEPLOYMENT: "Bad deployment",
    RootCause.INFRASTRUCTURE: "Infrastructure",
    RootCause.TRAFFIC_ANOMALY: "Unusual traffic",
    RootCause.BENIGN: "Benign change",
    RootCause.UNKNOWN: "Cause unknown",
}
