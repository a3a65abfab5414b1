"""Alertmanager's grouping, pure: which notification is due when, and what it says (webhook payload version 4).

Follows Alertmanager 0.25 (dispatch and notify packages): a group is told `group_wait` after its first alert, looked
at again every `group_interval`, and told again when something new fires, something resolved, or `repeat_interval` has
passed.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.world.rules import AlertUpdate
from sandbox.world.scaling import parse_duration
from sandbox.world.tsdb import Labels

_NEVER = "0001-01-01T00:00:00Z"
_FNV_OFFSET = 14695981039346656037
_FNV_PRIME = 1099511628211


@dataclass(frozen=True, slots=True)
class Inhibition:
    """A rule that silences alerts while another fires; matchers are equalities."""

    source: Mapping[str, str]
    target: Mapping[str, str]
    equal: tuple[str, ...]

    def mutes(self, labels: Mapping[str, str], firing: Iterable[Mapping[str, str]]) -> bool:
        """Whether an alert with these labels is silent while those others fire."""
        if not _matches(self.target, labels) or _matches(self.source, labels):
            return False
        return any(
            _matches(self.source, other) and all(other.get(name, "") == labels.get(name, "") for name in self.equal)
            for other in firing
        )


@dataclass(frozen=True, slots=True)
class Routing:
    """The part of alertmanager.yml that the built-in sender follows."""

    receiver: str
    group_by: tuple[str, ...]
    group_wait: float
    group_interval: float
    repeat_interval: float
    inhibitions: tuple[Inhibition, ...] = ()


@dataclass(frozen=True, slots=True)
class Notification:
    """One webhook call that is due. Hand it back to `AlertGroups.sent` when the receiver answered 2xx."""

    key: Labels
    payload: dict[str, Any]
    firing: frozenset[str]
    resolved: frozenset[str]
    delivered: tuple[AlertUpdate, ...]


@dataclass(slots=True)
class _Group:
    due_at: float
    alerts: dict[Labels, AlertUpdate] = field(default_factory=dict[Labels, AlertUpdate])


@dataclass(slots=True)
class _Told:
    at: float
    firing: frozenset[str]
    resolved: frozenset[str]


def load_routing(document: dict[str, Any]) -> Routing:
    """Read a (scaled) alertmanager.yml with one route."""
    route = document["route"]
    return Routing(
        receiver=str(route["receiver"]),
        group_by=tuple(str(name) for name in route["group_by"]),
        group_wait=parse_duration(str(route["group_wait"])),
        group_interval=parse_duration(str(route["group_interval"])),
        repeat_interval=parse_duration(str(route["repeat_interval"])),
        inhibitions=tuple(
            Inhibition(
                _equalities(rule["source_matchers"]),
                _equalities(rule["target_matchers"]),
                tuple(str(name) for name in rule.get("equal", ())),
            )
            for rule in document.get("inhibit_rules", ())
        ),
    )


def fingerprint(labels: Labels) -> str:
    """Alertmanager's fingerprint of an alert: FNV-1a over its sorted labels."""
    total = _FNV_OFFSET
    for name, value in labels:
        for byte in (*name.encode(), 255, *value.encode(), 255):
            total = ((total ^ byte) * _FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return f"{total:016x}"


class AlertGroups:
    """The groups of one route.

    Args:
        routing: How to group and when to tell.
        external_url: Where links to the sender lead.
    """

    def __init__(self, routing: Routing, external_url: str) -> None:
        self.routing = routing
        self._external_url = external_url
        self._groups: dict[Labels, _Group] = {}
        self._told: dict[Labels, _Told] = {}

    def receive(self, updates: Iterable[AlertUpdate], now: float) -> None:
        """Take in what the rule evaluation says. An alert already resolved opens no group."""
        for update in updates:
            labels = dict(update.labels)
            key = tuple((name, labels[name]) for name in sorted(self.routing.group_by) if name in labels)
            group = self._groups.get(key)
            known = group is not None and update.labels in group.alerts
            if update.ends_at is not None and not known:
                continue
            if group is None:
                group = self._groups[key] = _Group(now + self.routing.group_wait)
            group.alerts[update.labels] = update

    def due(self, now: float, busy: Container[Labels] = ()) -> list[Notification]:
        """The notifications whose time has come; each group is looked at again after `group_interval`.

        A group whose key is in `busy` waits, as its last notification is still on its way.
        """
        found: list[Notification] = []
        for key, group in list(self._groups.items()):
            if now < group.due_at or key in busy:
                continue
            group.due_at = now + self.routing.group_interval
            notification = self._notification(key, group, now)
            if notification is not None:
                found.append(notification)
            else:
                self._forget_resolved(key, group.alerts.values())
        return found

    def sent(self, notification: Notification, now: float) -> None:
        """The receiver has taken it: do not tell the same again, and forget what it knows to be resolved."""
        self._told[notification.key] = _Told(now, notification.firing, notification.resolved)
        self._forget_resolved(notification.key, notification.delivered)

    def _forget_resolved(self, key: Labels, delivered: Iterable[AlertUpdate]) -> None:
        group = self._groups.get(key)
        if group is None:
            return
        for update in list(delivered):
            if update.ends_at is not None and group.alerts.get(update.labels) == update:
                del group.alerts[update.labels]
        if not group.alerts:
            del self._groups[key]

    def _notification(self, key: Labels, group: _Group, now: float) -> Notification | None:
        heard = [update for update in group.alerts.values() if not self._muted(update)]
        firing = frozenset(fingerprint(u.labels) for u in heard if u.ends_at is None)
        resolved = frozenset(fingerprint(u.labels) for u in heard if u.ends_at is not None)
        if not self._needed(key, firing, resolved, now):
            return None
        ordered = sorted(
            heard, key=lambda u: (dict(u.labels).get("job", ""), dict(u.labels).get("instance", ""), u.labels)
        )
        payload = self._payload(key, ordered, "firing" if firing else "resolved")
        return Notification(key, payload, firing, resolved, tuple(heard))

    def _muted(self, update: AlertUpdate) -> bool:
        firing = [dict(u.labels) for g in self._groups.values() for u in g.alerts.values() if u.ends_at is None]
        return any(rule.mutes(dict(update.labels), firing) for rule in self.routing.inhibitions)

    def _needed(self, key: Labels, firing: frozenset[str], resolved: frozenset[str], now: float) -> bool:
        told = self._told.get(key)
        if told is None:
            return bool(firing)
        if not firing <= told.firing:
            return True
        if not firing:
            return bool(told.firing)
        if not resolved <= told.resolved:
            return True
        return told.at < now - self.routing.repeat_interval

    def _payload(self, key: Labels, updates: list[AlertUpdate], status: str) -> dict[str, Any]:
        alerts = [_alert(update) for update in updates]
        inside = ", ".join(f'{name}="{value}"' for name, value in key)
        return {
            "receiver": self.routing.receiver,
            "status": status,
            "alerts": alerts,
            "groupLabels": dict(key),
            "commonLabels": _common([dict(update.labels) for update in updates]),
            "commonAnnotations": _common([update.annotations for update in updates]),
            "externalURL": self._external_url,
            "version": "4",
            "groupKey": f"{{}}:{{{inside}}}",
            "truncatedAlerts": 0,
        }


def _equalities(matchers: Iterable[str]) -> dict[str, str]:
    pairs = (matcher.split("=", 1) for matcher in matchers)
    return {name.strip(): value.strip().strip('"') for name, value in pairs}


def _matches(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(name, "") == value for name, value in wanted.items())


def _common(mappings: list[dict[str, str]]) -> dict[str, str]:
    first, *rest = mappings
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in rest)}


def _instant(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _alert(update: AlertUpdate) -> dict[str, Any]:
    return {
        "status": "firing" if update.ends_at is None else "resolved",
        "labels": dict(update.labels),
        "annotations": dict(sorted(update.annotations.items())),
        "startsAt": _instant(update.starts_at),
        "endsAt": _NEVER if update.ends_at is None else _instant(update.ends_at),
        "generatorURL": update.generator_url,
        "fingerprint": fingerprint(update.labels),
    }
