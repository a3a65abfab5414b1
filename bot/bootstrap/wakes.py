"""Wake-ups before the thing to wake exists: the outbox and the dispatcher need the workflows, which need these."""

from collections.abc import Callable


def _nobody() -> None:
    return


class Wakes:
    """`outbox` and `dispatch` are set once what they wake has been made; until then a wake-up wakes nobody."""

    def __init__(self) -> None:
        """Nobody is there yet."""
        self.outbox: Callable[[], None] = _nobody
        self.dispatch: Callable[[], None] = _nobody

    def wake_outbox(self) -> None:
        """A message is wanted."""
        self.outbox()

    def wake_dispatcher(self) -> None:
        """A row may have a step that is due."""
        self.dispatch()
