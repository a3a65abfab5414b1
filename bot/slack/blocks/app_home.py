"""The app's home: how things stand. Data for full members only."""

from typing import Any

from slack_sdk.models.views import View

from bot.slack import ids
from bot.slack.blocks.heading import heading
from bot.slack.blocks.incident_list import incident_blocks
from bot.slack.blocks.kit import context, divider, header, section
from bot.slack.blocks.links import Links
from bot.slack.blocks.proposal_buttons import buttons
from bot.slack.blocks.proposal_state import state_words
from bot.slack.blocks.status import status_blocks
from bot.slack.blocks.text import date, mrkdwn, plural
from bot.slack.blocks.wording import RISK
from bot.slack.rendered import Block, Rendered
from bot.slack.views import ApprovalLine, DoneLine, HomeView

_INCIDENTS = 15
_APPROVALS = 10
_DONE = 10
_PER_SECTION = 5


def home_view(view: HomeView, links: Links, *, notice: Rendered | None = None) -> dict[str, Any]:
    """Health per model, open incidents, approvals waiting, what was done lately, each with its thread.

    `notice` is the answer to what was just clicked here.
    """
    approvals = [block for one in view.approvals[:_APPROVALS] for block in _approval(one, links)]
    done = [_done(one, links) for one in view.done[:_DONE]]
    return _home(
        [
            *([*notice.blocks, divider()] if notice else []),
            header("Approvals waiting"),
            *(approvals or [section("Nothing waits for a decision.")]),
            *_more(len(view.approvals) - _APPROVALS, "approval", "in their threads"),
            header("Open incidents"),
            *(incident_blocks(view.incidents[:_INCIDENTS], links) or [section(":white_check_mark: No open incident.")]),
            *_more(
                max(view.open_incidents, len(view.incidents)) - _INCIDENTS, "open incident", "`/agentops incidents`"
            ),
            header("Models"),
            *(status_blocks(view.status, links) or [section("No models are watched.")]),
            *_more(view.status.total - len(view.status.models), "model", "`/agentops status`"),
            header("Done lately"),
            *(_sections(done) or [section("Nothing was done lately.")]),
            divider(),
            context(f"As of {date(view.status.read_at, '{time_secs}')}; open this tab again to refresh it."),
        ]
    )


def closed_home() -> dict[str, Any]:
    """What guests and people of other workspaces see: that there is nothing to see."""
    return _home([section("This app shows its data to full members of its own workspace only.")])


def broken_home(reference: str) -> dict[str, Any]:
    """What is shown when the data cannot be read."""
    return _home(
        [
            section(":x: *The overview cannot be read right now.* Open this tab again in a minute."),
            context(f"Reference: {mrkdwn(reference, 80)}"),
        ]
    )


def _home(blocks: list[Block]) -> dict[str, Any]:
    view: dict[str, Any] = View(type="home", blocks=list[Any](blocks[:100])).to_dict()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] the SDK types it as a bare dict
    return view  # pyright: ignore[reportUnknownVariableType] the same


def _more(count: int, what: str, where: str) -> list[Block]:
    return [context(f"and {plural(count, f'more {what}')}: {where}")] if count > 0 else []


def _sections(lines: list[str]) -> list[Block]:
    return [section("\n".join(lines[start : start + _PER_SECTION])) for start in range(0, len(lines), _PER_SECTION)]


def _approval(one: ApprovalLine, links: Links) -> list[Block]:
    """What the card says that must be known before a yes, and the card's own buttons."""
    view, proposal = one.view, one.view.proposal
    where = links.to_thread(one.thread, proposal.incident_id)
    change = "; ".join(
        f"{mrkdwn(row.what, 80)}: {mrkdwn(row.before, 120)} → {mrkdwn(row.after, 120)}" for row in proposal.plan[:1]
    )
    facts = [
        f"Risk {RISK[proposal.risk]}",
        f"digest `{proposal.short_digest}`",
        f"proposal `{mrkdwn(proposal.id, 60)}`",
    ]
    told = [f"*{mrkdwn(heading(proposal, view.model), 160)}*", change, state_words(view), " · ".join([where, *facts])]
    return [section("\n".join(told)), *buttons(view, block_id=ids.HOME_BLOCK)]


def _done(one: DoneLine, links: Links) -> str:
    where = links.to_thread(one.thread, one.incident_id)
    return f"{date(one.at)} · {where} *{mrkdwn(one.model, 80)}* – {mrkdwn(one.text, 200)}"
