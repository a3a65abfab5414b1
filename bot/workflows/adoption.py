"""After an intent without an answer: what does the world say happened?"""

from dataclasses import dataclass, field
from datetime import datetime

from bot.workflows.ports import Deps
from incidents.origin import EndpointOrigin
from incidents.proposal import Proposal
from incidents.remediation import RollbackEndpoint, StartRetraining
from tools.incident_store.tables import ExecutionRecord

SEEN_UNCHANGED_AT = "origin_unchanged_at"


@dataclass(frozen=True)
class Adopt:
    """The effect is there; follow it."""

    text: str


@dataclass(frozen=True)
class SendAgain:
    """Nothing happened, or sending again is harmless."""


@dataclass(frozen=True)
class WaitAndLookAgain:
    """Nothing seen yet; one look is not enough, since the call may still be under way."""

    result: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Unclear:
    """A person has to look."""

    text: str


Adoption = Adopt | SendAgain | WaitAndLookAgain | Unclear


async def look_before_sending_again(deps: Deps, proposal: Proposal, record: ExecutionRecord) -> Adoption:
    """Describe twice, 15 s apart: target set or updating means adopt; untouched both times means send again."""
    remediation, origin = proposal.remediation, proposal.origin
    match remediation:
        case StartRetraining():
            # The ClientRequestToken is the execution's own: the same call again finds the run it started.
            return SendAgain()
        case RollbackEndpoint():
            endpoint = await deps.sagemaker.endpoint(remediation.endpoint)
            if endpoint.config_name == remediation.to_config or endpoint.status == "Updating":
                return Adopt(
                    f"{remediation.endpoint} is {endpoint.status} on {endpoint.config_name}: taken as done by us."
                )
            untouched = (
                isinstance(origin, EndpointOrigin)
                and endpoint.status == "InService"
                and endpoint.config_name == origin.config_name
                and endpoint.last_modified == origin.last_modified
            )
            if not untouched:
                return Unclear(
                    f"It is not clear whether the call took effect: {remediation.endpoint} is {endpoint.status} on "
                    f"{endpoint.config_name}. Nothing more was sent."
                )
            seen = record.result.get(SEEN_UNCHANGED_AT)
            now = deps.clock()
            if seen is not None and now - datetime.fromisoformat(seen) >= deps.pace.adopt_again:
                return SendAgain()
            return WaitAndLookAgain({SEEN_UNCHANGED_AT: seen or now.isoformat()})
        case _:
            return Unclear(f"{remediation.kind} cannot be looked up.")
