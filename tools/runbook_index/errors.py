"""What can go wrong with the runbook index.

UpstreamError (tools.errors)
├── Unavailable
│   └── RunbookIndexUnavailable    Chroma does not answer, or its folder cannot be read
│       └── IndexCorrupted         the folder's files are damaged; `folder` may be deleted, it is rebuilt from Markdown
├── Busy
│   └── IndexLocked                another process holds the folder
├── BadAnswer
│   └── EmbeddingUnavailable       the embedding model's files are not there or cannot be fetched
└── NotFound
    └── RunbookFolderMissing       the folder of Markdown is not there
"""

from pathlib import Path

from tools.errors import BadAnswer, Busy, NotFound, Unavailable

SERVICE = "Runbook index"


class RunbookIndexUnavailable(Unavailable):
    """Chroma does not answer, or its folder cannot be read or written."""

    def __init__(self, operation: str, detail: str) -> None:
        """`operation`: what was asked of Chroma."""
        super().__init__(SERVICE, operation, detail)


class IndexCorrupted(RunbookIndexUnavailable):
    """The folder's files are damaged. Nothing is lost: everything in it comes from Markdown files."""

    def __init__(self, operation: str, folder: Path, detail: str) -> None:
        """`folder`: what to delete; the next start builds it again."""
        super().__init__(
            operation,
            f"{folder} is damaged ({detail}). Delete the folder and start again: it is rebuilt from the runbooks.",
        )
        self.folder = folder


class IndexLocked(Busy):
    """Another process holds the folder. Two writers in one Chroma folder lose records without an error."""

    def __init__(self, folder: Path, holder: str) -> None:
        """`holder`: what the lock file says about the other process."""
        super().__init__(
            SERVICE,
            "open",
            f"{folder} is in use by {holder or 'another process'}. Stop it, choose another folder, or run `chroma run` "
            "and give every process its URL.",
        )
        self.folder = folder
        self.holder = holder


class EmbeddingUnavailable(BadAnswer):
    """The embedding model's files are not there, or could not be fetched."""

    def __init__(self, model_id: str, detail: str) -> None:
        """`model_id`: the embedding model that was asked for."""
        super().__init__(SERVICE, f"load {model_id}", detail)
        self.model_id = model_id


class RunbookFolderMissing(NotFound):
    """The folder of Markdown files is not there, or is not a folder."""

    def __init__(self, folder: Path) -> None:
        """`folder`: the path that was given."""
        super().__init__(SERVICE, "index", f"no folder of Markdown files at {folder}")
        self.folder = folder
