"""What a converter of a detector's report may raise."""

from incidents.errors import AgentOpsError


class NotConvertible(AgentOpsError):
    """A report that no drift event can be made of; the message says what to do."""
