"""Short messages: a note, an escalation, a failure of ours, and what only one person sees."""

from collections.abc import Mapping, Sequence

from bot.slack.blocks.kit import context, rendered, section
from bot.slack.blocks.text import group, joined, mrkdwn
from bot.slack.rendered import Rendered
from bot.slack.views import Note

_MOOD = {"info": ":information_source:", "warning": ":warning:", "error": ":x:"}


def note_message(note: Note) -> Rendered:
    """A heading and what follows from it."""
    title = mrkdwn(note.title, 200)
    text = f"\n{mrkdwn(note.text, 2_000)}" if note.text else ""
    return rendered(title, [section(f"{_MOOD[note.mood]} *{title}*{text}")])


def escalation_message(
    why: str, next_steps: Sequence[str], *, call: Sequence[str] = (), group_ids: Mapping[str, str] | None = None
) -> Rendered:
    """A person is needed. `call` are handles of user groups; those with an id are notified."""
    ids = group_ids or {}
    called = joined([group(handle, ids.get(handle)) for handle in call[:5]])
    blocks = [section(f":rotating_light: *Needs a person*{f' – {called}' if called else ''}\n{mrkdwn(why, 800)}")]
    if next_steps:
        blocks.append(section("*What to do*\n" + "\n".join(f"• {mrkdwn(step, 400)}" for step in next_steps[:6])))
    return rendered(f"Needs a person{f' ({called})' if called else ''}: {mrkdwn(why, 300)}", blocks)


def failure_message(what: str, incident_id: str | None, next_step: str) -> Rendered:
    """Something of ours did not work; never the error's own text."""
    reference = f"Reference: {mrkdwn(incident_id, 60)}" if incident_id else ""
    blocks = [section(f":x: *{mrkdwn(what, 300)}*\n{mrkdwn(next_step, 500)}")]
    if reference:
        blocks.append(context(reference))
    return rendered(f"{mrkdwn(what, 300)} {mrkdwn(next_step, 300)}", blocks)


def private_message(text: str, *, sign: str = ":information_source:") -> Rendered:
    """What only one person sees. `text` is mrkdwn of ours, untrusted parts escaped."""
    return rendered(text, [section(f"{sign} {text}")])
