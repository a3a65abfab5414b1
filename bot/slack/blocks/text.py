"""Text on its way into Slack: cleaned, cut and escaped. Labels, logs, data, runbooks and model output are untrusted.

`plain` is for plain_text and rich_text, where nothing is interpreted; `mrkdwn` for mrkdwn and for a message's `text`,
where `<!channel>` would call everybody.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta

from incidents.approval import Person

_BIDI_AND_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_SPACES = re.compile(r"[ \t\u00a0\u2028\u2029]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_MARKS = str.maketrans({"*": "∗", "`": "ˋ"})
_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}")
_GROUP = re.compile(r"S[A-Z0-9]{2,20}")


def plain(text: str, limit: int) -> str:
    """At most `limit` characters, without control, invisible and direction-changing ones; `–` when nothing is left."""
    # Nobody reads past the limit; cleaning all of a 100 kB label would only cost time.
    text = text[: limit * 4 + 100]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _BIDI_AND_INVISIBLE.sub("", _SPACES.sub(" ", text))
    text = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in {"Cc", "Cs", "Cn", "Co"})
    text = _BLANK_LINES.sub("\n\n", text).strip()
    if len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return text or "–"


def line(text: str, limit: int) -> str:
    """`plain` on one line."""
    return plain(" ".join(text[: limit * 4 + 100].split()), limit)


def both_ends(text: str, head: int, tail: int) -> str:
    """The text with its middle left out where it is longer: a traceback names what failed in its last line."""
    return text if len(text) <= head + tail else f"{text[:head].rstrip()} … {text[-tail:].lstrip()}"


def escape(text: str) -> str:
    """Slack's three escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescaped(text: str) -> str:
    """`escape` taken back, for words that stand in a picture or a table."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mrkdwn(text: str, limit: int) -> str:
    """Untrusted text on one line of mrkdwn: cleaned, cut, escaped; marks that could break ours become look-alikes."""
    return escape(line(text, limit).translate(_MARKS))


def code(text: str, limit: int) -> str:
    """Untrusted text as inline code of mrkdwn."""
    return f"`{escape(line(text, limit).replace('`', 'ˋ'))}`"


def date(moment: datetime, form: str = "{date_short} at {time}") -> str:
    """A moment that Slack shows in the reader's own time zone; UTC where it cannot. For mrkdwn only.

    Slack's pretty forms begin with a capital (`Today`), which no sentence can take.
    """
    return f"<!date^{int(moment.timestamp())}^{form}|{utc(moment)}>"


def time_of_day(moment: datetime) -> str:
    """Hours, minutes and seconds in the reader's own time zone. For mrkdwn only."""
    return f"<!date^{int(moment.timestamp())}^{{time_secs}}|{moment.astimezone(UTC):%H:%M:%S} UTC>"


def utc(moment: datetime) -> str:
    """A moment in words, for where Slack's own date cannot stand."""
    return f"{moment.astimezone(UTC):%d %b %Y %H:%M} UTC"


def duration(span: timedelta) -> str:
    """A span in the two largest units that matter: `45 s`, `4 min 12 s`, `3 h 5 min`, `2 d 4 h`."""
    seconds = max(0, round(span.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next((i for i, (n, _) in enumerate(parts) if n), 3)
    return " ".join(f"{n} {unit}" for n, unit in parts[first : first + 2] if n) or "0 s"


def minutes(count: float) -> str:
    """An estimate in minutes, as a person says it."""
    return duration(timedelta(minutes=count))


def person(id: str) -> str:
    """Somebody's name for mrkdwn; an id that is none is shown as it is, so that nothing else can be called by it."""
    return f"<@{id}>" if _PERSON.fullmatch(id) else mrkdwn(id, 60)


def group(handle: str, id: str | None = None) -> str:
    """A user group for mrkdwn: called when its id is given, named otherwise."""
    if id is not None and _GROUP.fullmatch(id):
        return f"<!subteam^{id}>"
    return person(handle) if _PERSON.fullmatch(handle) else f"@{mrkdwn(handle, 60)}"


def number(value: float) -> str:
    """A figure with as many digits as a person needs."""
    if value != value or value in (float("inf"), float("-inf")):
        return "not a number"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 sample`, `3 samples`."""
    return f"{count} {one if count == 1 else (many or one + 's')}"


def joined(words: list[str], *, last: str = "and") -> str:
    """`a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""


def is_full_member(who: Person, home_team: str) -> bool:
    """May this person read: somebody of this workspace who is not a guest, not a bot and still here."""
    return who.team == home_team and not (who.is_stranger or who.is_guest or who.is_bot or who.is_deleted)
