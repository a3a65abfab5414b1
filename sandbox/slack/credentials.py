"""The workspace's own fake tokens. They open nothing but this sandbox."""

import secrets
from dataclasses import dataclass

STANDARD_SCOPES: tuple[str, ...] = (
    "chat:write",
    "commands",
    "app_mentions:read",
    "usergroups:read",
    "users:read",
    "files:write",
    "channels:history",
    "groups:history",
)
"""The least an app of this kind asks for; `missing_scope` is answered for anything beyond."""


@dataclass(frozen=True)
class Credentials:
    """What an app installed in this workspace is given."""

    bot_token: str
    app_token: str
    signing_secret: str
    scopes: tuple[str, ...] = STANDARD_SCOPES

    @classmethod
    def generate(cls, scopes: tuple[str, ...] = STANDARD_SCOPES) -> "Credentials":
        """New random tokens, told apart from real ones by `-sandbox-`."""
        return cls(
            bot_token=f"xoxb-sandbox-{secrets.token_hex(12)}",
            app_token=f"xapp-sandbox-{secrets.token_hex(12)}",
            signing_secret=secrets.token_hex(16),
            scopes=scopes,
        )
