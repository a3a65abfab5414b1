"""Files: an upload is announced, its bytes arrive, and it is completed into a channel or kept private."""

import mimetypes
import secrets
from dataclasses import dataclass
from typing import Any

from sandbox.slack.people import BOT_USER_ID


@dataclass
class StoredFile:
    """One file. It can be shown once `completed`."""

    id: str
    ticket: str
    name: str
    length: int
    title: str
    alt_txt: str = ""
    content: bytes | None = None
    completed: bool = False
    created: int = 0

    @property
    def mimetype(self) -> str:
        """Guessed from the name, as good as Slack's guess for our purposes."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    def as_file(self, base_url: str) -> dict[str, Any]:
        """The file object of the Web API."""
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title,
            "mimetype": self.mimetype,
            "filetype": self.name.rpartition(".")[2] or "binary",
            "size": len(self.content or b""),
            "user": BOT_USER_ID,
            "mode": "hosted",
            "is_external": False,
            "is_public": True,
            "alt_txt": self.alt_txt,
            "url_private": f"{base_url}/_sandbox/slack/files/{self.id}",
            "permalink": f"{base_url}/_sandbox/slack/files/{self.id}",
        }


class FileStore:
    """All files of the workspace."""

    def __init__(self):
        self._files: dict[str, StoredFile] = {}

    def announce(self, *, name: str, length: int, alt_txt: str, created: int) -> StoredFile:
        """Make room for an upload; its `ticket` is the secret part of the upload URL."""
        file_id = f"F{secrets.token_hex(5).upper()}"
        file = StoredFile(
            file_id, secrets.token_urlsafe(18), name, length, title=name, alt_txt=alt_txt, created=created
        )
        self._files[file_id] = file
        return file

    def by_ticket(self, ticket: str) -> StoredFile | None:
        """The file an upload URL was issued for."""
        return next((file for file in self._files.values() if file.ticket == ticket), None)

    def get(self, file_id: str) -> StoredFile | None:
        """The file of that id, complete or not."""
        return self._files.get(file_id)

    def is_shown(self, file_id: str) -> bool:
        """Whether an image block may point at it."""
        file = self._files.get(file_id)
        return file is not None and file.completed
