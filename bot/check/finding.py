"""What `agentops check` says of one thing."""

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """One thing that was looked at. `wrong` has to be mended; a `note` is worth knowing."""

    verdict: Literal["right", "wrong", "note"]
    subject: str
    text: str
