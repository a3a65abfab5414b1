"""What the one who took, ended or marked an incident is told."""

from bot.slack.blocks.help import Usage, usage_message
from bot.slack.blocks.incident_list import incident_line
from bot.slack.blocks.kit import rendered, section
from bot.slack.blocks.links import Links
from bot.slack.blocks.text import date, mrkdwn, person, plural
from bot.slack.rendered import Rendered
from bot.slack.views import HandledReply, IncidentLine

_SHOWN = 10


def handled_words(reply: HandledReply) -> tuple[str, str]:
    """A sign and mrkdwn: what holds now, and what can be done."""
    id = mrkdwn(reply.incident_id, 40)
    about = f"{id} ({mrkdwn(reply.model, 80)})" if reply.model else id
    who = f" by {person(reply.by)}" if reply.by else ""
    when = f", {date(reply.at)}" if reply.at else ""
    back = f" {plural(reply.withdrawn, 'proposal')} taken back." if reply.withdrawn else ""
    match reply.result:
        case "acked":
            return ":white_check_mark:", f"You are on {about}; its first post says so."
        case "acked_before":
            return ":information_source:", f"You took {about} before{when}."
        case "closed":
            return ":ballot_box_with_check:", f"{about} is closed.{back} Nothing more runs for it."
        case "closed_before":
            return ":information_source:", f"{about} is closed already{who}{when}. Nothing was changed."
        case "under_way":
            return (
                ":hourglass_flowing_sand:",
                f"{about} cannot be closed now: {mrkdwn(reply.why, 300)}. To stop what is not sent yet: "
                "`/agentops pause`. Close it once its thread says that the change has ended.",
            )
        case "false_alarm":
            return ":white_check_mark:", f"{about} is marked as a false alarm. Say it again to take that back."
        case "false_alarm_undone":
            return ":white_check_mark:", f"{about} is not marked as a false alarm any more."
        case "false_alarm_before":
            return (
                ":information_source:",
                f"{about} was marked as a false alarm{who}{when}; only they can take that back.",
            )
        case "over":
            return ":information_source:", f"{about} is over; there is nothing to take."
        case "refused":
            return ":no_entry:", f"That does not count. {mrkdwn(reply.why, 300)} Nothing was changed."
        case "not_found":
            return ":no_entry:", f"There is no incident `{id}` here. Nothing was changed."


def which_incident_message(usage: Usage, open_now: tuple[IncidentLine, ...], links: Links) -> Rendered:
    """Which incident is meant, where it was not said and cannot be guessed."""
    if not open_now:
        return rendered("No open incident.", [section(":white_check_mark: No open incident.")])
    asked = usage_message(usage, "Which incident?")
    lines = [incident_line(one, links) for one in open_now[:_SHOWN]]
    return rendered(asked.text, [*asked.blocks, *(section(one) for one in lines)])
