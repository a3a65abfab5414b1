"""What a person should do where nothing is put up for approval, and why nothing is."""

from collections.abc import Sequence

from bot.slack.blocks.kit import context, preformatted, rendered, rich, section
from bot.slack.blocks.text import line, mrkdwn
from bot.slack.blocks.wording import ADVICE, why_nothing
from bot.slack.rendered import Rendered
from incidents.diagnosis import Advice
from incidents.incident import Incident
from incidents.investigation import Findings


def advice_message(incident: Incident, findings: Findings, *, forbidden: Sequence[str] = ()) -> Rendered:
    """Advice. `forbidden` are lines that say what the policy did not allow, and why."""
    advice = findings.diagnosis.advice
    steps = [ADVICE[one] for one in advice] or ["No step is needed now."]
    blocks = [
        section(
            ":information_source: *Nothing is proposed for approval*\n"
            + mrkdwn(why_nothing(findings.plan.explanation), 600),
        ),
        section("*What to do*\n" + "\n".join(f"• {step}" for step in steps)),
    ]
    if forbidden:
        told = "\n".join(f"• {mrkdwn(one, 300)}" for one in forbidden[:5])
        blocks.append(section(f":lock: *Not allowed by the policy*\n{told}"))
    if Advice.ADD_TO_CATALOGUE in advice or not incident.listed:
        if incident.unlisted_reason:
            blocks.append(context(f"Why it is not found there: {mrkdwn(incident.unlisted_reason, 300)}"))
        blocks.append(rich(preformatted(_entry(incident))))
    text = f"Nothing is proposed: {mrkdwn(why_nothing(findings.plan.explanation), 300)}"
    return rendered(text, blocks)


def _entry(incident: Incident) -> str:
    """The least entry that would make this model known."""
    labels = {key: value for alert in incident.alerts for key, value in alert.labels.items()}
    endpoint = labels.get("endpoint") or labels.get("endpoint_name") or "name-of-its-endpoint"
    return (
        "# manifests/models.yaml\n"
        "models:\n"
        f"  {line(incident.model, 80)}:\n"
        f"    environment: {line(incident.environment, 40)}\n"
        "    tier: 2\n"
        "    team: name-of-its-team\n"
        f"    channel: {line(incident.channel, 80)}\n"
        "    endpoint:\n"
        f"      name: {line(endpoint, 80)}"
    )
