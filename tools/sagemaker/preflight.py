"""What was looked at before a change, in plain words: what stands against it, what is in order, what is not known."""

from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict

from tools.errors import AccessDenied, InvalidRequest, NotFound, Throttled, UpstreamError


class Preflight(BaseModel):
    """The result. Names in it are SageMaker's and the catalogue's: escape them before showing.

    Attributes:
        problems: each one stands against the change; empty where nothing does.
        checked: looked at and in order.
        unchecked: could not be read, each with the reason; does not stand against the change by itself.
    """

    model_config = ConfigDict(frozen=True)

    problems: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """What people are shown before they sign: what is in order, and what nobody looked at."""
        return (*self.checked, *(f"Not checked: {one}" for one in self.unchecked))


class Findings:
    """A preflight in the making. Each thing is said once."""

    def __init__(self) -> None:
        self._problems: list[str] = []
        self._checked: list[str] = []
        self._unchecked: list[str] = []

    def problem(self, text: str) -> None:
        """Something stands against the change."""
        self._problems.append(text)

    def checked(self, text: str) -> None:
        """Something was looked at and is in order."""
        self._checked.append(text)

    def unchecked(self, text: str) -> None:
        """Something could not be read."""
        self._unchecked.append(text)

    def must(self, holds: bool, right: str, wrong: str) -> None:
        """In order, or a problem."""
        if holds:
            self.checked(right)
        else:
            self.problem(wrong)

    def look(self, subject: str, look: Callable[[], bool], *, right: str, wrong: str) -> None:
        """In order, a problem, or not checked where the look itself fails."""
        try:
            self.must(look(), right, wrong)
        except UpstreamError as error:
            self.unchecked(f"{subject} ({why(error)})")

    def preflight(self) -> Preflight:
        """The result."""
        return Preflight(problems=_once(self._problems), checked=_once(self._checked), unchecked=_once(self._unchecked))


def _once(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def why(error: UpstreamError) -> str:
    """Why something could not be read, in our words, not the partner's."""
    match error:
        case AccessDenied():
            return f"{error.service} does not permit it"
        case Throttled():
            return f"{error.service} asked to slow down"
        case NotFound():
            return f"{error.service} does not tell"
        case InvalidRequest():
            return f"{error.service} did not take the question"
        case _:
            return f"{error.service} did not answer as it should"
