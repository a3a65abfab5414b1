"""What the one who asked for a proposal is told: again, by hand, or only to see it."""

from bot.slack.blocks.calls import calls_blocks
from bot.slack.blocks.heading import heading
from bot.slack.blocks.kit import context, fields, rendered, section, table
from bot.slack.blocks.links import Links
from bot.slack.blocks.notes import private_message
from bot.slack.blocks.text import code, minutes, mrkdwn, plural
from bot.slack.blocks.wording import RISK, approvers_words
from bot.slack.rendered import Rendered
from bot.slack.views import PutUpReply
from incidents.policy import Allow, Effect, Forbid, RequireApproval
from incidents.proposal import Proposal


def put_up_message(reply: PutUpReply, links: Links) -> Rendered:
    """Where its card stands, or why there is none."""
    if reply.proposal is not None:
        return _shown(reply.proposal, reply.model, reply.problems)
    title = f"“{mrkdwn(reply.title, 160)}”" if reply.title else "It"
    why = "; ".join(mrkdwn(problem, 300) for problem in reply.problems[:5])
    match reply.result:
        case "put_up" | "shown":
            where = links.to_thread(reply.thread, reply.incident_id or "its thread")
            return private_message(f"{title} is put up in {where}.", sign=":white_check_mark:")
        case "not_put_up":
            return private_message(f"{title} is not proposed: {why}. Nothing was changed.", sign=":no_entry:")
        case "unusable":
            usage = f"\nUse it so: {code(reply.usage, 160)}" if reply.usage else ""
            example = f", for example {code(reply.example, 160)}" if reply.example else ""
            return private_message(f"{why}{usage}{example}")
        case "refused":
            return private_message(f"That does not count. {why} Nothing was changed.", sign=":no_entry:")
        case "not_found":
            words = f"There is no proposal `{mrkdwn(reply.proposal_id, 60)}` here. Nothing was changed."
            return private_message(words, sign=":no_entry:")
        case "asked_before":
            return private_message(f"{title} has been asked for again already; its new card stands in the thread.")
        case "not_expired":
            return private_message(f"{title} cannot be asked for again: {why}. Nothing was changed.")


def _shown(proposal: Proposal, model: str, problems: tuple[str, ...]) -> Rendered:
    """The plan, the exact calls and the policy's word; nothing of it was written."""
    title = heading(proposal, model)
    told = [f"*Only shown, not proposed:* {mrkdwn(title, 200)}", f"*The policy:* {_policy(proposal.decision.effect)}"]
    told += [f":warning: {mrkdwn(problem, 300)}" for problem in problems[:5]]
    told += [f":warning: *Did not work before:* {mrkdwn(one, 240)}" for one in proposal.did_not_work[:3]]
    checked = [f"Checked: {'; '.join(mrkdwn(one, 160) for one in proposal.checked[:6])}"] if proposal.checked else []
    rules = [f"rule: {mrkdwn(rule, 80)}" for rule in proposal.decision.rules[:3]]
    blocks = [
        section("\n".join(told)),
        table(("What", "Before", "After"), [(row.what, row.before, row.after) for row in proposal.plan]),
        *calls_blocks(proposal),
        fields(
            ("Risk", RISK[proposal.risk]),
            ("Estimate", f"about {minutes(proposal.estimate.minutes)} ({mrkdwn(proposal.estimate.basis, 160)})"),
            ("How to undo it", mrkdwn(proposal.undo, 400)),
        ),
        context(*checked, " · ".join(["Nothing was written and nothing is sent", *rules])),
    ]
    return rendered(f"Only shown: {mrkdwn(title, 200)}", blocks, tail=1)


def _policy(effect: Effect) -> str:
    match effect:
        case Forbid():
            return f"forbids it: {mrkdwn(effect.because, 300)}"
        case Allow():
            return "allows it without people"
        case RequireApproval():
            return f"asks for {plural(effect.count, 'approval')} from {approvers_words(effect.approvers)}"
