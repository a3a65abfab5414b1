"""Which addresses may stand behind a word. Everything else is shown as words without a link."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from bot.slack.blocks.text import mrkdwn
from incidents.thread import ThreadRef

_UNFIT = re.compile(r"[\s<>|\"'`\\\x00-\x1f\x7f]|[^\x21-\x7e]")
_FILE = re.compile(r"(?:[A-Za-z0-9][\w.-]*/)*[A-Za-z0-9][\w.-]*\.md", re.ASCII)
_LONGEST = 2000


@dataclass(frozen=True)
class Links:
    """The hosts that links may lead to (`grafana.example`, or `localhost:9090` with a port), and where things are.

    Attributes:
        hosts: lower case. A host without a port allows every port of it.
        runbooks_url: the folder that runbook files are shown from; empty when they are shown nowhere.
        team_url: the workspace's own address, e.g. ``https://acme.slack.com/``; empty when it is not known.
    """

    hosts: frozenset[str] = frozenset()
    runbooks_url: str = ""
    team_url: str = ""

    def safe(self, url: str | None) -> str | None:
        """`url` when it may stand behind a word: http(s), a host of the list, nothing that would end a link early."""
        if not url or len(url) > _LONGEST or _UNFIT.search(url):
            return None
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return None
        if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
            return None
        allowed = host in self.hosts or f"{host}:{port}" in self.hosts
        return url if allowed else None

    def mrkdwn(self, url: str | None, label: str, limit: int = 80) -> str:
        """A link for mrkdwn, or the label alone. `label` is escaped."""
        safe = self.safe(url)
        words = mrkdwn(label, limit)
        return f"<{safe.replace('&', '&amp;')}|{words}>" if safe else words

    def optional(self, url: str | None, label: str) -> list[str]:
        """A link for mrkdwn, or nothing."""
        return [self.mrkdwn(url, label)] if self.safe(url) else []

    def runbook(self, file: str, lines: tuple[int, int] | None = None) -> str | None:
        """Where a runbook can be read, or None."""
        if not self.runbooks_url or not _FILE.fullmatch(file):
            return None
        anchor = f"#L{lines[0]}-L{lines[1]}" if lines else ""
        return self.safe(f"{self.runbooks_url.rstrip('/')}/{quote(file)}{anchor}")

    def thread(self, thread: ThreadRef | None) -> str | None:
        """Slack's address of a thread, or None."""
        if thread is None or not self.team_url:
            return None
        address = f"{self.team_url.rstrip('/')}/archives/{quote(thread.channel)}/p{thread.ts.replace('.', '')}"
        return None if _UNFIT.search(address) else address

    def to_thread(self, thread: ThreadRef | None, label: str) -> str:
        """A link to a thread for mrkdwn, or the label alone."""
        address = self.thread(thread)
        return f"<{address}|{mrkdwn(label, 80)}>" if address else mrkdwn(label, 80)
