"""What every remediation's spec promises. Pure: no clock, no client, no settings."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from incidents.catalogue import ModelSpec
from incidents.effect import ApiRequest, Estimate, PlanRow, RiskClass, RoleName
from incidents.origin import AnyOrigin
from incidents.remediation import AnyRemediation

R = TypeVar("R", bound=AnyRemediation)
T = TypeVar("T", bound=AnyOrigin)


@dataclass(frozen=True)
class Undo:
    """How to take it back: in one sentence, and as a remediation where there is one."""

    words: str
    remediation: AnyRemediation | None = None


class Spec(ABC, Generic[R]):
    """The pure spec of one remediation. Operators send what `requests` makes and nothing else.

    Attributes:
        risk: what it can break.
        role: the catalogue's role that the executor assumes; None where AWS is not called.
        iam_actions: what that role must allow: the calls themselves. Whatever is read is read under the reader's role.
        origin_statuses: statuses of the target from which it may be sent; empty where the target has none.
        verified: whether a verification follows; what changes nothing outside needs none.
    """

    risk: ClassVar[RiskClass]
    role: ClassVar[RoleName | None]
    iam_actions: ClassVar[frozenset[str]]
    origin_statuses: ClassVar[frozenset[str]] = frozenset()
    verified: ClassVar[bool] = True

    def __init__(self, remediation: R) -> None:
        """`remediation` holds the parameters."""
        self.remediation = remediation

    @property
    @abstractmethod
    def title(self) -> str:
        """One line in the imperative, as it stands on the card."""

    @property
    @abstractmethod
    def target(self) -> str:
        """The one thing it changes; at most one remediation is in flight for each target."""

    @abstractmethod
    def requests(self, origin: AnyOrigin, execution_id: str) -> tuple[ApiRequest, ...]:
        """The exact calls, in order. Raises `ValueError` where remediation and origin do not belong together."""

    @abstractmethod
    def plan(self, origin: AnyOrigin) -> tuple[PlanRow, ...]:
        """Before and after, line by line. Raises `ValueError` as `requests` does."""

    @abstractmethod
    def undo(self, origin: AnyOrigin) -> Undo:
        """How to take it back. Raises `ValueError` as `requests` does."""

    @abstractmethod
    def estimate(self, model: ModelSpec) -> Estimate:
        """Expected time and cost."""

    @property
    @abstractmethod
    def success_criteria(self) -> tuple[str, ...]:
        """What must be so before it counts as done; fixed before anyone approves."""

    def role_arn(self, model: ModelSpec) -> str | None:
        """The role of the catalogue that it runs under."""
        return getattr(model.roles, self.role) if self.role is not None else None

    def _of(self, origin: AnyOrigin, wanted: type[T]) -> T:
        if not isinstance(origin, wanted):
            raise ValueError(f"{self.remediation.kind} cannot start from a {origin.kind}")
        return origin


def stamp(moment: datetime) -> str:
    """A moment as pipelines and manifests spell it: UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def client_request_token(execution_id: str) -> str:
    """The idempotency token of an execution: 32 to 128 characters, the same for every attempt."""
    return f"agentops-{execution_id}".ljust(32, "-")[:128]
