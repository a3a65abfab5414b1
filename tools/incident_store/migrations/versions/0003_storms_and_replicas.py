"""Nothing lost, nothing twice: what replicas agree on, what a storm marks, what many rows are looked up by."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go forward."""
    _replicas()
    _storms()
    _many_rows()


def _replicas() -> None:
    """Who is alive, and who does what only one may do."""


def _storms() -> None:
    """Marks of flapping, of storms and of what waits for its turn."""


def _many_rows() -> None:
    """What many rows are looked up and pruned by."""
