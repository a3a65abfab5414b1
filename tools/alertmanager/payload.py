"""Alertmanager's webhook payload, version 4, and the alerts in it.

The edge refuses what is not the protocol and bears what is merely large or odd: a refused payload comes again and
again, and an alert lost here is lost for good.
"""

import hashlib
import json
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from incidents.alert import Alert


class Limits:
    """How large a payload may be, and how much of a text is kept."""

    MAX_BYTES = 8_000_000
    """Of the whole request, which holds MAX_ALERTS of the usual size; checked before anything is parsed."""
    MAX_ALERTS = 5_000
    MAX_LABELS = 200
    """Labels, or annotations, of one alert."""
    MAX_KEY = 200
    KEPT_TEXT = 4_000
    """Characters of a label or annotation that go on into the domain, the ellipsis included."""


_BIDI_CONTROLS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    """`text` without control characters (line feed and tab stay), lone surrogates and text-direction tricks."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c for c in text if c in "\n\t" or (unicodedata.category(c) not in "CcCs" and c not in _BIDI_CONTROLS)
    )


def cut(text: str, length: int = Limits.KEPT_TEXT) -> str:
    """`text`, or its beginning and an ellipsis, at most `length` characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _cut_all(pairs: dict[str, str]) -> dict[str, str]:
    return {key: text if len(text) <= Limits.KEPT_TEXT else cut(text) for key, text in pairs.items()}


def _clean(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _clean_pairs(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if _is_clean(cast(dict[Any, Any], value)):
        return cast(Any, value)
    return {_clean(key): _clean(text) for key, text in cast(dict[Any, Any], value).items()}


def _is_clean(pairs: dict[Any, Any]) -> bool:
    # All at once: an alert has twenty texts, and to look at each takes longer than to store it.
    try:
        text = "".join(pairs) + "".join(pairs.values())
    except TypeError:
        return False
    return text.isascii() and text.isprintable()


def _none_for_zero_time(value: Any) -> Any:
    # Go's zero time: Alertmanager's way to say that an alert has not ended.
    return None if value is None or (isinstance(value, str) and value.startswith("0001-01-01T")) else value


def _sane(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    if not 2000 <= moment.year <= 2200:
        raise ValueError("a moment must lie between the years 2000 and 2200")
    return moment.astimezone(UTC)


Text = Annotated[str, BeforeValidator(_clean)]
Pairs = Annotated[
    dict[Annotated[str, Field(max_length=Limits.MAX_KEY)], str],
    BeforeValidator(_clean_pairs),
    Field(max_length=Limits.MAX_LABELS),
]
Time = Annotated[datetime, AfterValidator(_sane)]
Status = Literal["firing", "resolved"]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class WebhookAlert(_Wire):
    """One alert as it stands in the payload."""

    status: Status
    labels: Pairs
    annotations: Pairs = {}
    starts_at: Time = Field(alias="startsAt")
    ends_at: Annotated[Time | None, BeforeValidator(_none_for_zero_time)] = Field(default=None, alias="endsAt")
    generator_url: Text = Field(default="", alias="generatorURL")
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{1,32}$")]

    def to_alert(self) -> Alert:
        """The domain's alert, with long texts cut."""
        return Alert(
            fingerprint=self.fingerprint,
            starts_at=self.starts_at,
            status=self.status,
            ends_at=self.ends_at if self.status == "resolved" else None,
            labels=_cut_all(self.labels),
            annotations=_cut_all(self.annotations),
            generator_url=cut(self.generator_url),
        )


class WebhookPayload(_Wire):
    """One notification of one group. `status` is firing while any alert of it fires, so read each alert's own."""

    version: Literal["4"]
    receiver: Annotated[Text, Field(min_length=1, max_length=500)]
    group_key: Annotated[Text, Field(min_length=1, max_length=20_000)] = Field(alias="groupKey")
    status: Status
    alerts: Annotated[tuple[WebhookAlert, ...], Field(min_length=1, max_length=Limits.MAX_ALERTS)]
    group_labels: Pairs = Field(default={}, alias="groupLabels")
    common_labels: Pairs = Field(default={}, alias="commonLabels")
    common_annotations: Pairs = Field(default={}, alias="commonAnnotations")
    external_url: Text = Field(default="", alias="externalURL")
    truncated_alerts: Annotated[int, Field(ge=0)] = Field(default=0, alias="truncatedAlerts")
    """Alerts that the receiver's `max_alerts` kept back; say so when it is not 0, since resolves may be among them."""

    def to_alerts(self) -> tuple[Alert, ...]:
        """The alerts, in the payload's order."""
        return tuple(alert.to_alert() for alert in self.alerts)

    def delivery_key(self) -> str:
        """The same for a notification that is sent again, another for one that says something new (SHA-256)."""
        facts = sorted((alert.fingerprint, alert.status, alert.starts_at.isoformat()) for alert in self.alerts)
        return hashlib.sha256(json.dumps([self.receiver, self.group_key, facts]).encode()).hexdigest()
