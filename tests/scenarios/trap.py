"""What the stories of SageMaker's traps share: an incident, a remediation in it, its decision, and what came of it."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.slack import ids
from incidents.approval import ApprovalState
from incidents.clock import now
from incidents.execution import FINAL_EXECUTION_STATES, Execution
from incidents.incident import IncidentState
from incidents.ledger import IncidentFile, ProposalView
from incidents.remediation import RemediationKind
from incidents.timeline import TimelineEntry
from tests.scenarios.rig import SPEED, Rig, alert_of, buttons, words
from tools.sagemaker.connection import AwsConnection, AwsCredentials

Json = dict[str, Any]

FRAUD, CHURN, RECOMMENDER = "fraud-detector", "churn-predictor", "product-recommender"
CHOOSER = "ULEAD"
"""Asks for the remediation, and so never counts among those who approve it."""
APPROVERS = ("UONCALL", "USECOND")
ADMINISTRATOR = "AKIAIOSFODNN7EXAMPLE"
COOLDOWN = timedelta(minutes=30) / SPEED
"""From the policy, in the sandbox's time."""
SOON_S = 30.0
LOOKING = frozenset({"queued", "running"})
"""States of an investigation whose plan may take the place of the one before."""


@dataclass
class Trapped:
    """One incident of one model, and the remediation that walked into the trap."""

    model: str
    incident_id: str
    proposal_id: str = ""
    answer: str = ""
    """What the one who asked for the remediation was told."""
    file: IncidentFile | None = None
    thread: list[Json] = field(default_factory=list[Json])
    changes: list[Json] = field(default_factory=list[Json])
    """Changing calls that were sent for this incident, refused ones too."""

    @property
    def endpoint(self) -> str:
        """The model's."""
        return f"{self.model}-prod"

    @property
    def whole(self) -> IncidentFile:
        """All that is kept of the incident."""
        assert self.file is not None
        return self.file

    @property
    def state(self) -> IncidentState:
        """How the incident ended up."""
        return self.whole.incident.state

    @property
    def execution(self) -> Execution:
        """The proposal's."""
        return next(one for one in self.whole.executions if one.proposal_id == self.proposal_id)

    @property
    def read(self) -> str:
        """The thread, as a person reads it."""
        return "\n".join(words(message) for message in self.thread)

    @property
    def effects(self) -> list[str]:
        """The calls that changed something."""
        return [one["operation"] for one in self.changes if one["outcome"] == "ok"]

    def kinds(self) -> list[str]:
        """The timeline, by its entries' kinds."""
        return [entry.kind for entry in self.whole.timeline]

    def entries(self, kind: str) -> list[TimelineEntry]:
        """The timeline's entries of one kind."""
        return [entry for entry in self.whole.timeline if entry.kind == kind]

    def told(self, kind: str) -> str:
        """The last message of one kind, as a person reads it."""
        return next(words(one) for one in reversed(self.thread) if one["metadata"]["event_payload"]["kind"] == kind)


async def opened(rig: Rig, model: str) -> Trapped:
    """An incident of a model that is well in truth, diagnosed; nothing is proposed."""
    await rig.fire(alert_of("EndpointErrorRateHigh", model=model, env="prod", endpoint=f"{model}-prod"))
    incident = await rig.incident(model)
    await rig.diagnosed(incident.id)
    return Trapped(model, incident.id)


async def begun(rig: Rig, scenario: str, model: str) -> Trapped:
    """A scenario's incident, diagnosed."""
    await rig.call("POST", f"scenarios/{scenario}")
    incident = await rig.incident(model)
    await rig.diagnosed(incident.id)
    return Trapped(model, incident.id)


async def asked(rig: Rig, trapped: Trapped, text: str) -> None:
    """Somebody asks for a remediation by hand; kept is what they are told, and the proposal where one was made."""
    last = await asyncio.to_thread(rig.reader.last_change, trapped.model)
    over = now() if last is None or last.finished_at is None else last.finished_at + COOLDOWN

    async def cooled() -> bool:
        return now() > over

    await rig.until(cooled, f"the cooldown of {trapped.model}", SOON_S)
    before = {view.proposal.id for view in (await rig.file(trapped.incident_id)).proposals}
    trapped.answer = words(await rig.command(CHOOSER, f"/agentops propose {text}"))
    made = [one.proposal.id for one in (await rig.file(trapped.incident_id)).proposals]
    trapped.proposal_id = next((id for id in made if id not in before), "")


async def proposed(rig: Rig, trapped: Trapped, kind: RemediationKind) -> ProposalView:
    """The incident's proposal of a kind, once there is one that no newer look will take the place of."""

    def of_kind(file: IncidentFile) -> list[ProposalView]:
        if any(one.state in LOOKING for one in file.investigations):
            return []
        standing = [view for view in file.proposals if view.approval.state is not ApprovalState.SUPERSEDED]
        return [view for view in standing if view.proposal.remediation.kind == kind]

    found = of_kind(await rig.when(trapped.incident_id, of_kind, f"the proposal of {kind}"))[-1]
    trapped.proposal_id = found.proposal.id
    return found


async def approved(rig: Rig, trapped: Trapped) -> None:
    """As many people click as the card asks for, each once the one before has been counted."""
    assert trapped.proposal_id, trapped.answer
    card = await _card(rig, trapped)
    for number, person in enumerate(APPROVERS[: (await _view(rig, trapped)).approval.needed], start=1):
        await rig.click(person, card, ids.APPROVE, trapped.proposal_id)

        async def counted(number: int = number) -> bool:
            return len((await _view(rig, trapped)).approval.votes) >= number

        await rig.until(counted, f"the vote of {person}", SOON_S)


async def attempted(rig: Rig, trapped: Trapped) -> None:
    """The bot has tried to send the call."""
    session = (await _view(rig, trapped)).proposal.execution_id

    async def tried() -> bool:
        return any(one["role_session_name"] == session for one in await rig.changes())

    await rig.until(tried, f"{trapped.model}'s call to be tried", SOON_S)


async def ended(rig: Rig, trapped: Trapped, state: IncidentState = IncidentState.ESCALATED) -> None:
    """The proposal's execution is over, the incident stands there, and everything is told."""

    def condition(file: IncidentFile) -> bool:
        own = next((one for one in file.executions if one.proposal_id == trapped.proposal_id), None)
        return own is not None and own.state in FINAL_EXECUTION_STATES and file.incident.state is state

    await rig.when(trapped.incident_id, condition, f"the end of {trapped.model}'s change")
    await seen(rig, trapped)


async def seen(rig: Rig, trapped: Trapped) -> None:
    """Keep what there is to see of it now, once everything is told."""
    await rig.settled()
    trapped.file, trapped.thread = await rig.file(trapped.incident_id), await rig.thread_of(trapped.incident_id)
    sessions = {view.proposal.execution_id for view in trapped.file.proposals}
    trapped.changes = [one for one in await rig.changes() if one["role_session_name"] in sessions]


async def deployed(rig: Rig, model: str, **body: Any) -> str:
    """The model's own team deploys, and the endpoint is in service on it; the name of the config."""
    config: str = (await rig.call("POST", "aws/deploy", {"model": model, **body}))["config"]

    async def in_service() -> bool:
        endpoints: list[Json] = (await rig.call("GET", "aws/endpoints"))["endpoints"]
        own = next(one for one in endpoints if one["name"] == f"{model}-prod")
        return own["status"] == "InService" and own["config_name"] == config

    await rig.until(in_service, f"{model} to be on {config}", SOON_S)
    return config


async def delete_endpoint(rig: Rig, name: str) -> None:
    """Somebody who may do everything deletes an endpoint."""
    administrator = AwsConnection(
        region="eu-west-1",
        endpoint_url=rig.sandbox.aws_url,
        credentials=AwsCredentials(ADMINISTRATOR, "sandbox"),
    ).client("sagemaker", attempts=1)
    try:
        await asyncio.to_thread(administrator.delete_endpoint, EndpointName=name)
    finally:
        administrator.close()


async def _card(rig: Rig, trapped: Trapped) -> Json:
    async def posted() -> Json | None:
        thread = await rig.thread_of(trapped.incident_id)
        return next((one for one in thread if any(b.get("value") == trapped.proposal_id for b in buttons(one))), None)

    return await rig.until(posted, f"the card of {trapped.model}", SOON_S)


async def _view(rig: Rig, trapped: Trapped) -> ProposalView:
    return await asyncio.to_thread(rig.reader.proposal, trapped.proposal_id)
