"""Proposals that people ask for, made by the same code and judged by the same policy as those of an investigation."""

import asyncio

from bot.workflows import planning
from bot.workflows.planning import NotProposed
from bot.workflows.ports import Deps
from incidents.catalogue import ModelSpec
from incidents.incident import Incident
from incidents.proposal import Proposal
from incidents.remediation import AnyRemediation


class Planner:
    """What `bot.handling.Planning` asks for, over the workflows' own parts."""

    def __init__(self, deps: Deps) -> None:
        """`deps` are those of the workflows."""
        self._deps = deps

    async def ask_again(self, proposal_id: str, person: str) -> Proposal | NotProposed:
        """Put up once more what nobody decided."""
        return await planning.ask_again(self._deps, proposal_id, person)

    async def propose_by_hand(
        self, incident_id: str, remediation: AnyRemediation, person: str, reason: str
    ) -> Proposal | NotProposed:
        """Put up what `person` chose."""
        return await planning.propose_by_hand(self._deps, incident_id, remediation, person, reason)

    async def preview(
        self, incident: Incident, model: ModelSpec, remediation: AnyRemediation, reason: str
    ) -> Proposal | NotProposed:
        """What would be put up, on the same evidence; writes nothing."""
        file = await asyncio.to_thread(self._deps.reader.file, incident.id)
        known = tuple(one.id for one in file.findings.evidence) if file.findings else ()
        return await planning.preview(self._deps, incident, model, remediation, reason=reason, evidence=known)
