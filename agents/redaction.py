"""Secrets are taken out of everything before it leaves for a language model."""

import re
from collections.abc import Sequence

_PATTERNS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b"), "[AWS key id removed]"),
    (
        re.compile(r"(?i)\b(aws_?secret_?access_?key|aws_?session_?token)(\W{1,4})[A-Za-z0-9/+=]{16,}"),
        r"\1\2[removed]",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 [removed]"),
    (re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{8,}|\bxapp-[A-Za-z0-9-]{8,}"), "[Slack token removed]"),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"), "[API key removed]"),
    (re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}"), "[GitHub token removed]"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}"), "[token removed]"),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        "[private key removed]",
    ),
    (re.compile(r"(?i)\b(password|passwd|secret|api_?key|token)(\"?\s*[=:]\s*\"?)[^\s\"',;&]{6,}"), r"\1\2[removed]"),
    (re.compile(r"(?<=://)[^/\s:@]+:[^/\s:@]+(?=@)"), "[removed]"),
)
_SUSPECT = re.compile(
    r"AKIA|ASIA|AGPA|AIDA|AROA|secret|token|bearer|basic|xox|xapp-|sk-|gh[pousr]_|github_pat|eyJ|-----BEGIN|passw|api_?key|://",
    re.IGNORECASE,
)
"""What every pattern above needs to match: one search spares most texts all the others."""
_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+\b")


def redact(text: str, *, emails: bool = False) -> str:
    """The text without what looks like a secret; e-mail addresses too where asked."""
    if _SUSPECT.search(text):
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
    return _EMAIL.sub("[address removed]", text) if emails else text
