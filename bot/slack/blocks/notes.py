"""Short messages: a note, an escalation, a failure of ours, and what only one person sees."""

from collections.abc import Mapping, Sequence

from bot.slack import ids
from bot.slack.blocks.kit import button, context, rendered, section
from bot.slack.blocks.text import group, joined, mrkdwn, person
from bot.slack.rendered import Rendered
from bot.slack.views import Note

_MOOD = {"info": ":information_source:", "warning": ":warning:", "error": ":x:"}


def note_message(note: Note) -> Rendered:
    """A heading and what follows from it."""
    title = mrkdwn(note.title, 200)
    text = f"\n{mrkdwn(note.text, 2_000)}" if note.text else ""
    return rendered(title, [section(f"{_MOOD[note.mood]} *{title}*{text}")])


def escalation_message(
    why: str,
    next_steps: Sequence[str],
    *,
    call: Sequence[str] = (),
    group_ids: Mapping[str, str] | None = None,
    ask_again: Sequence[tuple[str, str]] = (),
) -> Rendered:
    """A person is needed. `call` are handles of user groups; those with an id are notified.

    `ask_again` are proposals that can be put up once more, each as its id and its heading.
    """
    called = _called(call, group_ids or {})
    blocks = [section(f":rotating_light: *Needs a person*{f' – {called}' if called else ''}\n{mrkdwn(why, 800)}")]
    if next_steps:
        blocks.append(section("*What to do*\n" + "\n".join(f"• {mrkdwn(step, 400)}" for step in next_steps[:6])))
    for id, title in ask_again[:3]:
        again = button("Ask again", ids.ASK_AGAIN, value=id)
        blocks.append(section(f"*{mrkdwn(title, 200)}* – put it up once more, as the world is now", button=again))
    text = f"Needs a person{f' ({called})' if called else ''}: {mrkdwn(why, 300)}"
    return rendered(text, blocks, tail=len(ask_again[:3]))


def broke_glass_message(
    who: str, title: str, reason: str, *, call: Sequence[str] = (), group_ids: Mapping[str, str] | None = None
) -> Rendered:
    """Somebody acted for two: the group that was not asked is called."""
    called = _called(call, group_ids or {})
    told = f":rotating_light: *Break-glass{f' – {called}' if called else ''}*\n{person(who)} acts for two on"
    text = f"Break-glass{f' ({called})' if called else ''}: {mrkdwn(title, 200)}"
    return rendered(text, [section(f"{told} “{mrkdwn(title, 200)}”.\n*Reason:* {mrkdwn(reason, 1_000)}")])


def _called(handles: Sequence[str], group_ids: Mapping[str, str]) -> str:
    return joined([group(handle, group_ids.get(handle)) for handle in handles[:5]])


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
