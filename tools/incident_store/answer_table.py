"""The table of what answers to people's questions cost."""

from datetime import datetime

from sqlmodel import Field

from tools.incident_store.table import Table, moment


class AnswerCostRecord(Table, table=True):
    """One answer that a language model wrote to a question in a thread, in USD at list price."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = moment(index=True)
    cost_usd: float
