"""Reading what holds for the models as they are now, whatever their incidents."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, func, select

from incidents.pause import EVERYTHING, Pause
from tools.incident_store.reading import Reading
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import ConfigSeenRecord, PauseRecord


class FleetReader(Reading):
    """Questions about configs, pauses and what waits to be sent."""

    def configs_seen(self, endpoint: str) -> list[tuple[str, datetime]]:
        """Configs that were live on an endpoint and when last, newest first."""
        with self._database.read() as session:
            records = session.exec(
                select(ConfigSeenRecord)
                .where(col(ConfigSeenRecord.endpoint) == endpoint)
                .order_by(col(ConfigSeenRecord.last_seen).desc())
            ).all()
            return [(record.config, record.last_seen) for record in records]

    def configs_live(self, endpoints: Sequence[str]) -> dict[str, tuple[str, datetime, datetime]]:
        """By endpoint: the config seen last, since when it is live, and when it was seen last."""
        of = ConfigSeenRecord
        with self._database.read() as session:
            records = session.exec(
                select(of).where(col(of.endpoint).in_(list(endpoints))).order_by(col(of.last_seen))
            ).all()
            return {record.endpoint: (record.config, record.live_since, record.last_seen) for record in records}

    def pauses(self) -> dict[str, Pause]:
        """Standing pauses by scope."""
        with self._database.read() as session:
            return {
                record.scope: Pause(scope=record.scope, by=record.by, at=record.at)
                for record in session.exec(select(PauseRecord))
            }

    def paused(self, model: str) -> Pause | None:
        """The pause that holds for a model, its own or that of everything."""
        standing = self.pauses()
        return standing.get(EVERYTHING) or standing.get(model)

    def outbox_depth(self) -> int:
        """Messages that wait to be sent."""
        with self._database.read() as session:
            return session.exec(
                select(func.count())
                .select_from(MessageRecord)
                .where(
                    col(MessageRecord.wanted_revision) > col(MessageRecord.sent_revision),
                    col(MessageRecord.given_up).is_(False),
                    col(MessageRecord.held).is_(False),
                )
            ).one()
