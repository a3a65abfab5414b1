"""Reading the store. Nothing here changes a row."""

from tools.incident_store.execution_reader import ExecutionReader
from tools.incident_store.fleet_reader import FleetReader
from tools.incident_store.incident_reader import IncidentReader
from tools.incident_store.past_reader import PastReader
from tools.incident_store.proposal_reader import ProposalReader
from tools.incident_store.storm_reader import StormReader


class StoreReader(IncidentReader, ProposalReader, ExecutionReader, FleetReader, StormReader, PastReader):
    """Every question that the bot's work asks, by what it is about."""
