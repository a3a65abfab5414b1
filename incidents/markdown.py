"""Untrusted text on its way into GitHub's Markdown: cleaned, cut, and kept from being anything but words.

A backslash keeps Markdown away, but not GitHub's own filters, which run over the words afterwards: those that call
people (@name), refer to other issues (#12) and make links of bare addresses. A zero-width space in the pattern does.
"""

import re
import unicodedata

_ESCAPED = re.compile(r"([\\`*_{}\[\]()#+|~!$])")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co"})
_FILTERED = re.compile(r"@|#(?=\w)|:(?=//)|w(?=ww\.)", re.IGNORECASE)
_APART = "&#8203;"


def one_line(text: str, limit: int) -> str:
    """At most `limit` characters on one line, without control, invisible and direction-changing ones."""
    # Nobody reads past the limit; cleaning all of a 100 kB label would only cost time.
    words = " ".join(text[: limit * 4 + 100].split())
    words = "".join(c for c in words if unicodedata.category(c) not in _UNSEEN).strip()
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def escaped(text: str, limit: int) -> str:
    """Untrusted text as words of Markdown: no mark, mention, reference, link or hidden comment is left in it."""
    words = _ESCAPED.sub(r"\\\1", one_line(text, limit))
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _FILTERED.sub(lambda found: found[0] + _APART, words) or "–"


def code(text: str, limit: int) -> str:
    """Untrusted text as a span of code, in which GitHub interprets nothing."""
    return f"`{one_line(text, limit).replace('`', 'ˋ') or '–'}`"
