"""What the sandbox is put together from: every stand-in is a part with the same few handles."""

from typing import Any, Protocol

from aiohttp import web


class UnknownFault(ValueError):
    """A stand-in does not know this kind of fault, or the values that came with it."""


class Part(Protocol):
    """One stand-in.

    Attributes:
        name: Its key under `/_sandbox/faults`.
    """

    name: str

    def install(self, app: web.Application, token: str) -> None:
        """Add its routes to the sandbox's application; called once, before it listens."""
        ...

    async def start(self, base_url: str) -> None:
        """The sandbox listens now at this address."""
        ...

    async def stop(self) -> None:
        """End what runs; also after a start that failed."""
        ...

    def reset(self) -> None:
        """Back to how it was after the start."""
        ...

    def ready_fields(self) -> dict[str, str | None]:
        """Its fields of the ready line."""
        ...

    def state_fields(self) -> dict[str, Any]:
        """Its fields of `/_sandbox/state`."""
        ...

    def add_fault(self, kind: str, count: int | None, seconds: float | None, match: str | None) -> None:
        """Start a fault. Raises UnknownFault."""
        ...

    def clear_faults(self) -> None:
        """End all its faults."""
        ...

    def faults(self) -> list[dict[str, Any]]:
        """The faults at work now."""
        ...
