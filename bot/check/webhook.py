"""Whether Alertmanager may call."""

from bot.check.finding import Finding
from bot.settings import Settings


def examine_webhook(settings: Settings) -> Finding:
    """Whether there is a token that Alertmanager can show."""
    match len(settings.webhook_tokens):
        case 0:
            return Finding(
                "wrong",
                "webhook",
                "no AGENTOPS_WEBHOOK_TOKENS, so every alert would be refused; set one of 16 characters or more",
            )
        case 1:
            return Finding("right", "webhook", "one bearer token for Alertmanager")
        case _:
            return Finding(
                "right", "webhook", "two bearer tokens for Alertmanager; take the old one away when it is idle"
            )
