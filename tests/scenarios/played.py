"""A scenario that was played to its end through the headless demo, and the thread as people saw it."""

from dataclasses import dataclass
from typing import Any

from bot.demo import Answer, play
from incidents.ledger import IncidentFile
from incidents.timeline import TimelineEntry
from tests.scenarios.rig import Rig, words

Json = dict[str, Any]


@dataclass
class Played:
    """What the demo told of one scenario, what is kept of it, and its thread."""

    told: Json
    file: IncidentFile
    thread: list[Json]

    @property
    def read(self) -> str:
        """Everything a person can read in the thread."""
        return "\n".join(words(message) for message in self.thread)

    @property
    def changes(self) -> list[str]:
        """Changing calls that its own approvals sent, in order: another model may be repaired at the same time."""
        return [one["operation"] for one in self.own_changes]

    @property
    def own_changes(self) -> list[Json]:
        """The same with requests and outcomes."""
        return [one for one in self.told["aws_changes"] if one["role_session_name"] in self.executions]

    @property
    def executions(self) -> set[str]:
        """Ids of its executions: each call is signed under a session of that name."""
        return {one.id for one in self.file.executions}

    @property
    def kinds(self) -> list[str]:
        """The remediations that were proposed, in order, but for what a newer diagnosis took back."""
        return [kind for kind, _ in self.states]

    @property
    def states(self) -> list[tuple[str, str]]:
        """Each remediation with how its decision stands, but for what a newer diagnosis took back.

        Alerts of one outage may come in two portions; a name not seen before then calls for a second look.
        """
        stand = [one for one in self.told["proposals"] if one["state"] != "superseded"]
        return [(one["remediation"]["kind"], one["state"]) for one in stand]

    def at(self, kind: str) -> float:
        """When the first message of that kind was posted: seconds since 1970."""
        return float(self.message(kind)["ts"])

    def message(self, kind: str, containing: str = "") -> Json:
        """The first message of that kind that says so."""
        return next(
            one for one in self.thread if one["metadata"]["event_payload"]["kind"] == kind and containing in words(one)
        )

    def entries(self, *kinds: str) -> list[TimelineEntry]:
        """Of the timeline, those of these kinds."""
        return [entry for entry in self.file.timeline if entry.kind in kinds]


async def played(rig: Rig, scenario: str, answer: Answer = "approve") -> Played:
    """Play it, and read what is kept of it and what people see."""
    told = await play(rig.driver(), scenario, answer)
    await rig.settled()
    return Played(told, await rig.file(told["incident"]), await rig.thread_of(told["incident"]))
