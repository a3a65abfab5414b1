"""Grouping stored alerts into incidents, and people's questions beside them."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from incidents.alert import Severity
from incidents.catalogue import Catalogue, CatalogueIndex, ModelSpec
from incidents.flapping import FlappingRule
from incidents.incident import LIVE_STATES, IncidentState, key_of
from incidents.joining import GATHER
from incidents.message import MessageKind
from incidents.storm import StormRule
from tools.incident_store.database import Database
from tools.incident_store.tables import IncidentRecord, InvestigationRecord
from tools.incident_store.unplaced import Portion, is_overtaken, unplaced, waits_for_place
from tools.incident_store.writer.messages import want
from tools.incident_store.writer.placing import Rules, Settling, add_incident, place
from tools.incident_store.writer.states import VERIFICATION_DECIDES
from tools.incident_store.writer.storms import show
from tools.incident_store.writer.timeline import append, locked_incident, tell_gathered

AT_ONCE = 400
"""Alerts that are ranked in one go."""


class GroupingWriter:
    """Alerts and questions to incidents. Each transaction is short: intake waits for it."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        *,
        settling: Settling,
        flapping: FlappingRule,
        storm: StormRule,
        new_id: Callable[[], str],
    ) -> None:
        """`settling`: how long the first investigation waits for alerts of the same outage; `new_id`: unique ids."""
        self._database = database
        self._catalogue = catalogue
        self._rules = Rules(
            find=CatalogueIndex(catalogue).find,
            default_channel=catalogue.defaults.channel,
            settling=settling,
            flapping=flapping,
            storm=storm,
            new_id=new_id,
        )

    def waiting(self, limit: int = AT_ONCE) -> list[Portion]:
        """The alerts that changed, the worst first, in portions for `place`; empty where none waits."""
        with self._database.read() as session:
            return unplaced(session, self._rules.find, limit)

    def waits_for_place(self, key: str) -> bool:
        """Does an alert that belongs to the incident of this key wait for its place?"""
        with self._database.read() as session:
            return waits_for_place(session, self._rules.find, key)

    def is_overtaken(self, portion: Portion) -> bool:
        """Has something come since `waiting` that goes before this portion of it and before those that follow?"""
        with self._database.read() as session:
            return is_overtaken(session, portion)

    def place(self, portion: Portion, now: datetime) -> list[str]:
        """Give one portion its place, in one transaction; the ids of the incidents touched.

        What another replica is just placing, or has placed meanwhile, is left to it.
        """
        return self._database.write_in_gaps(lambda session: place(session, self._rules, portion.ids, now))

    def group(self, now: datetime, limit: int = AT_ONCE) -> list[str]:
        """Give at most `limit` alerts that changed their place; returns the ids of the incidents touched."""
        found = [id for portion in self.waiting(limit) for id in self.place(portion, now)]
        return list(dict.fromkeys(found))

    def tell_gathered(self, now: datetime, gather: timedelta = GATHER) -> int:
        """Write down what joined crowded incidents and was gathered for long enough; how many incidents that were."""
        of = IncidentRecord
        with self._database.read() as session:
            due = session.exec(select(of.id).where(col(of.untold_since) <= now - gather).limit(100)).all()
        for incident_id in due:
            with self._database.write() as session:
                tell_gathered(session, locked_incident(session, incident_id))
        return len(due)

    def ask(self, model: ModelSpec, question: str, person: str, investigation_id: str, now: datetime) -> str | None:
        """A person asks for a look at a model: in its live incident, or in a new one without an alert.

        A thread that a storm held back begins. Returns the incident's id; None while a change is under way, when a new
        look could only confuse.
        """
        key = key_of(model.name, model.environment)

        def asked(session: Session) -> str | None:
            incident = session.exec(
                select(IncidentRecord)
                .where(col(IncidentRecord.key) == key, col(IncidentRecord.state).in_(LIVE_STATES))
                .with_for_update()
            ).one_or_none()
            if incident is not None and IncidentState(incident.state) in VERIFICATION_DECIDES:
                return None
            if incident is None:
                incident = add_incident(
                    session,
                    model,
                    default_channel=self._rules.default_channel,
                    severity=Severity.INFO,
                    started_at=now,
                    now=now,
                )
            incident.changed_at = now
            show(session, incident, now)
            session.add(
                InvestigationRecord(
                    id=investigation_id,
                    incident_id=incident.id,
                    state="queued",
                    question=question,
                    asked_by=person,
                    not_before=now,
                    created_at=now,
                )
            )
            append(
                session,
                incident,
                at=now,
                actor=person,
                kind="asked",
                text="A person asked for an investigation",
                details={"question": question},
            )
            want(session, incident, MessageKind.ROOT)
            return incident.id

        return self._database.write_anew(asked)
