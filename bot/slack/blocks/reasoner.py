"""Who wrote it, and what that took."""

from bot.slack.blocks.text import mrkdwn
from incidents.diagnosis import Reasoner


def written_by(reasoner: Reasoner) -> str:
    """One line of mrkdwn: offline rules or a language model, time, requests, tokens, cost."""
    name = mrkdwn(reasoner.name, 80)
    who = "Written by the offline rules, no language model" if reasoner.offline else f"Written by {name}"
    facts = [who, f"{reasoner.seconds:.1f} s"]
    if reasoner.requests and not reasoner.offline:
        facts.append(f"{reasoner.requests} request{'s' if reasoner.requests != 1 else ''}")
        cached = f" ({reasoner.cached_tokens:,} of them from the prompt cache)" if reasoner.cached_tokens else ""
        facts.append(f"{reasoner.input_tokens:,} tokens in{cached}, {reasoner.output_tokens:,} out")
    if not reasoner.offline:
        facts.append("cost not known" if reasoner.cost_usd is None else f"${reasoner.cost_usd:.4f}")
    if reasoner.note:
        facts.append(mrkdwn(reasoner.note, 300))
    return " · ".join(facts)
