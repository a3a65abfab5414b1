"""What came of it all: lost, doubled, left undone. From three books that are kept apart and compared.

The sender's (what was answered with 2xx), the bot's (its rows), and the partners' (messages in Slack, changing calls in
AWS).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.slack.ids import MESSAGE_EVENT
from tests.fleet.alertmanager import Acknowledged
from tests.fleet.rows import Rows
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import ExecutionRecord

Json = dict[str, Any]

CALLS_OF_A_STATE = {"succeeded": (1,), "needs_verification": (0, 1), "failed": (0, 1), "stale": (0,)}
"""How many changing calls of one execution may have taken effect; every other state is not settled."""


@dataclass
class Account:
    """Counts, and what is wrong in words. `faults` is empty when nothing is lost, doubled, broken or untold."""

    acknowledged: int = 0
    stored: int = 0
    lost: list[str] = field(default_factory=list[str])
    unresolved: list[str] = field(default_factory=list[str])
    doubled: list[str] = field(default_factory=list[str])
    incidents: int = 0
    two_at_once: list[str] = field(default_factory=list[str])
    investigations: Counter[str] = field(default_factory=Counter[str])
    executions: Counter[str] = field(default_factory=Counter[str])
    changing_calls: int = 0
    calls_wrong: list[str] = field(default_factory=list[str])
    posts: int = 0
    posts_doubled: list[str] = field(default_factory=list[str])
    posts_missing: list[str] = field(default_factory=list[str])
    out_of_order: list[str] = field(default_factory=list[str])
    given_up: Counter[str] = field(default_factory=Counter[str])
    held: int = 0
    """Messages of threads that a storm's digest stands for."""
    channel_posts: Counter[str] = field(default_factory=Counter[str])
    chains_broken: list[str] = field(default_factory=list[str])

    @property
    def faults(self) -> list[str]:
        """Everything that must not be, one line each."""
        named = {
            "lost": self.lost,
            "resolve lost": self.unresolved,
            "doubled": self.doubled,
            "two incidents at once": self.two_at_once,
            "changing calls": self.calls_wrong,
            "doubled post": self.posts_doubled,
            "missing post": self.posts_missing,
            "out of order": self.out_of_order,
            "broken chain": self.chains_broken,
        }
        return [f"{what}: {one}" for what, found in named.items() for one in found]

    def as_json(self) -> Json:
        """Counts for a report."""
        return {
            "acknowledged": self.acknowledged,
            "stored": self.stored,
            "lost": len(self.lost) + len(self.unresolved),
            "doubled": len(self.doubled),
            "incidents": self.incidents,
            "investigations": dict(self.investigations),
            "executions": dict(self.executions),
            "changing_calls": self.changing_calls,
            "changing_calls_wrong": len(self.calls_wrong),
            "posts": self.posts,
            "posts_doubled": len(self.posts_doubled),
            "posts_missing": len(self.posts_missing),
            "threads_out_of_order": len(self.out_of_order),
            "given_up": dict(self.given_up),
            "held": self.held,
            "channel_posts": dict(self.channel_posts),
            "chains_broken": len(self.chains_broken),
        }


async def account_of(rows: Rows, acknowledged: Acknowledged, messages: list[Json], changes: list[Json]) -> Account:
    """Compare the three books."""
    account = Account()
    await _alerts(account, rows, acknowledged)
    account.investigations = await rows.investigations()
    executions, wanted = await rows.executions(), await rows.messages()
    _calls(account, executions, changes, wanted)
    _posts(account, wanted, messages)
    account.chains_broken = await rows.broken_chains()
    return account


async def _alerts(account: Account, rows: Rows, acknowledged: Acknowledged) -> None:
    stored = await rows.alerts()
    keys = Counter((one.fingerprint, one.starts_at) for one in stored)
    over = {(one.fingerprint, one.starts_at) for one in stored if one.status == "resolved"}
    account.acknowledged, account.stored = len(acknowledged.firing | acknowledged.resolved), len(keys)
    account.lost = [str(one) for one in sorted((acknowledged.firing | acknowledged.resolved) - set(keys))]
    account.unresolved = [str(one) for one in sorted(acknowledged.resolved - over)]
    account.doubled = [f"{key} stored {count} times" for key, count in keys.items() if count > 1]
    told: Counter[str] = Counter()
    for entry in await rows.timeline("alert_fired", "alert_joined"):
        joined: list[Json] = entry.details.get("alerts") or [entry.details]
        for one in joined:
            told[f"{one['fingerprint']} {one['starts_at']}"] += 1
    account.doubled += [f"{key} told {count} times in the timeline" for key, count in told.items() if count > 1]
    incidents = await rows.incidents()
    account.incidents = len(incidents)
    spans = defaultdict[str, list[Any]](list)
    for one in incidents:
        spans[one.key].append(one)
    for key, found in spans.items():
        for before, after in zip(found, found[1:], strict=False):
            if before.resolved_at is None or before.resolved_at > after.opened_at:
                account.two_at_once.append(f"{key}: {before.id} and {after.id}")


def _calls(
    account: Account, executions: Sequence[ExecutionRecord], changes: Iterable[Json], wanted: Sequence[MessageRecord]
) -> None:
    """Exactly one call took effect for each execution that sent one; where that is unknown, a person was told."""
    effects = Counter(one["role_session_name"] for one in changes if one["outcome"] == "ok")
    account.changing_calls = effects.total()
    account.executions = Counter(one.state for one in executions)
    told = {one.subject for one in wanted if one.kind == "escalation" and one.ts is not None}
    for one in executions:
        count = effects.pop(one.id, 0)
        if count not in CALLS_OF_A_STATE.get(one.state, ()):
            account.calls_wrong.append(f"{one.id} ({one.state}) has {count} calls")
        if one.state == "needs_verification" and one.id not in told:
            account.calls_wrong.append(f"{one.id} needs verification and nobody was told")
    account.calls_wrong += [f"{count} calls of {name}, which is no execution" for name, count in effects.items()]


def _posts(account: Account, wanted: Sequence[MessageRecord], messages: Sequence[Json]) -> None:
    ours = [one for one in messages if one["metadata"] and one["metadata"]["event_type"] == MESSAGE_EVENT]
    account.posts = len(ours)
    account.channel_posts = Counter(one["channel"] for one in ours if one["thread_ts"] in (None, one["ts"]))
    standing = defaultdict[int, list[str]](list)
    for one in ours:
        standing[int(one["metadata"]["event_payload"]["message_id"])].append(one["ts"])
    account.posts_doubled = [
        f"message {id} stands {len(found)} times: {', '.join(found)}"
        for id, found in standing.items()
        if len(found) > 1
    ]
    account.given_up = Counter(one.error for one in wanted if one.given_up)
    account.held = sum(one.held and not one.given_up for one in wanted)
    last = defaultdict[int, tuple[float, int]](lambda: (0.0, 0))
    for one in wanted:
        if one.given_up or one.held:
            continue
        where = f"message {one.id} ({one.kind} of {one.incident_id})"
        if one.ts is None or one.ts not in standing.get(one.id or 0, []):
            account.posts_missing.append(where)
            continue
        if one.wanted_revision > one.sent_revision:
            account.posts_missing.append(f"{where}: revision {one.wanted_revision}, sent {one.sent_revision}")
        thread = one.root_id or one.id or 0
        if float(one.ts) < last[thread][0]:
            account.out_of_order.append(f"{where} came before message {last[thread][1]}")
        last[thread] = max(last[thread], (float(one.ts), one.id or 0))
