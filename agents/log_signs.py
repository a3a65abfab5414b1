"""What a line of a log is a sign of, by words that libraries and services write themselves.

Anybody whose words a model logs can write such a line. So a sign supports what was measured, and may make the rules do
less; it is never the ground of a change.
"""

import re
from collections.abc import Sequence
from typing import Literal

Sign = Literal["broken_code", "out_of_memory", "dependency", "skew", "bad_input"]

_SIGNS: Sequence[tuple[Sign, re.Pattern[str]]] = (
    (
        "broken_code",
        re.compile(
            r"No module named|ModuleNotFoundError|ImportError|cannot import name|undefined symbol|"
            r"cannot open shared object|AttributeError: |NameError: |UnpicklingError|"
            r"(?:failed|unable|could not|error) (?:to )?load(?:ing)? (?:the )?model|Worker died|worker .{0,40}died|"
            r"No such file or directory: '/opt/ml/",
            re.IGNORECASE,
        ),
    ),
    (
        "out_of_memory",
        re.compile(
            r"out of memory|OutOfMemory|\bOOM\b|OOMKilled|MemoryError|Cannot allocate memory|CUDA error: out|"
            r"No space left on device|exit(?:ed)?(?: with)? code 137|\bKilled process\b",
        ),
    ),
    (
        "dependency",
        re.compile(
            r"Throttl|Rate exceeded|TooManyRequests|Connection (?:refused|reset|aborted)|ConnectTimeout|ReadTimeout|"
            r"Could not connect|timed? ?out|TimeoutError|Name or service not known|name resolution|"
            r"Service ?Unavailable|\b50[234]\b (?:Bad|Service|Gateway|from)|AccessDenied|not authorized to perform|"
            r"Max retries exceeded|connection pool",
            re.IGNORECASE,
        ),
    ),
    (
        # scikit-learn, XGBoost and LightGBM say the first three; a container of one's own says the others.
        "skew",
        re.compile(
            r"Trying to unpickle estimator \S+ from version|feature_names mismatch|"
            r"feature names (?:should match those|unseen at fit)|"
            r"(?:training|train)[-/ ]serving (?:skew|mismatch)|"
            r"\bdiffer\w* (?:than|from|to)(?: \w+){0,4} training\b|not the same as (?:it was |they were )?in training|"
            r"\btrained (?:with|on) (?:another |a different )?"
            r"(?:scaler|encoder|tokeni[sz]er|vocabulary|preprocess\w+|normali[sz]\w+|feature (?:list|order|set))",
            re.IGNORECASE,
        ),
    ),
    (
        "bad_input",
        re.compile(
            r"\bnulls?\b|\bNaN\b|missing (?:value|column|feature|field)|could not convert|validation|schema|"
            r"unexpected (?:type|column|dtype|value)|invalid literal",
            re.IGNORECASE,
        ),
    ),
)
_ERROR = re.compile(r"error|exception|critical|fatal|fail|panic|killed|denied|HTTP/1\.[01]\" 5\d\d", re.IGNORECASE)


def sign_of(text: str) -> Sign | None:
    """The first sign that a line shows."""
    return next((sign for sign, words in _SIGNS if words.search(text)), None)


def is_error(text: str) -> bool:
    """Whether it tells of an error; otherwise of a warning."""
    return _ERROR.search(text) is not None
