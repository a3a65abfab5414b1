"""The bolt on a reader's clients: whatever is not a read is refused before it leaves the process."""

from typing import Any, Protocol

from tools.errors import AccessDenied

READING = ("Describe", "Filter", "Get", "List")


class _OperationModel(Protocol):
    @property
    def name(self) -> str: ...


def refuse_changes(client: Any, service: str) -> None:
    """Let a boto3 client send Describe*, Filter*, Get* and List* only; anything else raises `AccessDenied` unsent."""

    def check(model: _OperationModel, **_: object) -> None:
        if not model.name.startswith(READING):
            raise AccessDenied(service, model.name, "refused before it was sent: this client only reads")

    client.meta.events.register_first("before-call", check)
