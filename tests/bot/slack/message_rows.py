"""Message rows in a real database, for what several senders do with them."""

from pathlib import Path

from sqlalchemy import insert

from bot.slack.rendered import Rendered
from incidents.clock import now
from incidents.message import MessageKind, OutboxMessage
from sandbox.slack.server import SlackServer
from tests.stores import store_at
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate
from tools.incident_store.slack_tables import MessageRecord

CHANNELS = ("CINCIDENTS", "CPLATFORM")
INSTALLATION = "test"


class MessageRows:
    """Threads that are wanted, and what became of them."""

    def __init__(self, url: str) -> None:
        """An empty database, or one of ours."""
        self.url = url
        self.database = Database(url)
        migrate(self.database)

    @classmethod
    def in_folder(cls, folder: Path) -> "MessageRows":
        path = folder / "messages.sqlite"
        store_at(path).close()
        return cls(f"sqlite:///{path}")

    def want_thread(self, name: str, replies: int, channel: str = "CINCIDENTS") -> int:
        """A thread's first message and so many replies; its id."""
        with self.database.write() as session:
            root = MessageRecord(incident_id=name, channel=channel, kind=MessageKind.ROOT.value, created_at=now())
            session.add(root)
            session.flush()
            assert root.id is not None
            root_id = root.id
        self.want_replies(name, root_id, range(1, replies + 1), channel)
        return root_id

    def want_replies(self, name: str, root_id: int, numbers: range, channel: str = "CINCIDENTS") -> None:
        with self.database.write() as session:
            for number in numbers:
                session.add(
                    MessageRecord(
                        incident_id=name,
                        channel=channel,
                        kind=MessageKind.NOTE.value,
                        subject=str(number),
                        root_id=root_id,
                        created_at=now(),
                    )
                )

    def want_many(self, number: int, channels: tuple[str, ...]) -> None:
        """So many first messages of usual priority, spread over the channels."""
        with self.database.write() as session:
            session.connection().execute(
                insert(MessageRecord),
                [
                    {
                        "incident_id": f"other {one}",
                        "channel": channels[one % len(channels)],
                        "kind": MessageKind.ROOT.value,
                        "created_at": now(),
                    }
                    for one in range(number)
                ],
            )

    def waiting(self) -> int:
        """Messages whose latest revision is not sent."""
        with self.database.read() as session:
            return (
                session.connection()
                .exec_driver_sql("SELECT count(*) FROM message WHERE wanted_revision > sent_revision AND NOT given_up")
                .scalar_one()
            )

    def close(self) -> None:
        self.database.close()


async def render_by_name(message: OutboxMessage) -> Rendered:
    """What shows which message of which thread it is."""
    return Rendered(text=f"{message.incident_id}/{message.subject or 'first'}", blocks=[])


def threads_in(slack: SlackServer, channels: tuple[str, ...] = CHANNELS) -> dict[str, list[str]]:
    """What stands in Slack: the names of each thread's messages, by the thread's name."""
    messages = slack.workspace.messages
    found: dict[str, list[str]] = {}
    for channel in channels:
        for root in messages.top_level(channel):
            texts = [one.text for one in messages.thread(channel, root.ts)]
            name = texts[0].split("/")[0]
            found.setdefault(name, []).extend(text.split("/")[1] for text in texts)
    return found


def refused_by_limit(slack: SlackServer) -> list[str]:
    """The methods of all calls that Slack answered with 429."""
    return [call.method for call in slack.workspace.records.calls if call.error == "ratelimited"]
