"""How far an investigation is: one message, updated."""

from collections.abc import Sequence

from slack_sdk.models.blocks import PlanBlock, RichTextBlock, TaskCardBlock

from bot.slack.blocks.kit import as_json, context, paragraph, rendered, section, words
from bot.slack.blocks.text import line, mrkdwn
from bot.slack.rendered import Rendered
from incidents.investigation import ProgressStep

MOST_CARDS = 20
_STATES = {
    "pending": (":white_circle:", "not begun"),
    "in_progress": (":hourglass:", "under way"),
    "complete": (":white_check_mark:", "done"),
    "error": (":x:", "could not be done"),
}


def progress_message(steps: Sequence[ProgressStep], *, question: str = "", finished: bool = False) -> Rendered:
    """The steps as task cards, or as plain lines when there are too many or two share a key.

    `question` is what a person asked, untrusted.
    """
    title = "Looked into it" if finished else "Looking into it"
    asked = [context(f"Asked: {mrkdwn(question, 300)}")] if question else []
    done = sum(step.status == "complete" for step in steps)
    text = f"{title}: {done} of {len(steps)} steps done" if steps else f"{title}: getting ready"
    if not steps:
        return rendered(text, [section(f":mag: {title}; getting ready."), *asked])
    if len(steps) > MOST_CARDS or len({step.key for step in steps}) < len(steps):
        return rendered(text, [section(f":mag: *{title}*"), *asked, *_lines(steps)])
    plan = PlanBlock(title=title, tasks=[_card(step) for step in steps])
    return rendered(text, [as_json(plan), *asked])


def _card(step: ProgressStep) -> TaskCardBlock:
    details = RichTextBlock(elements=[paragraph(words(step.detail, 300))]) if step.detail.strip() else None
    return TaskCardBlock(
        task_id=line(step.key, 100),
        title=line(step.title, 120),
        details=details,
        status=step.status if step.status in _STATES else "pending",
    )


def _lines(steps: Sequence[ProgressStep]) -> list[dict[str, object]]:
    states = [_STATES.get(step.status, _STATES["pending"]) for step in steps]
    told = [f"{sign} {mrkdwn(step.title, 100)} – {word}" for step, (sign, word) in zip(steps, states, strict=True)]
    return [section("\n".join(told[start : start + 20])) for start in range(0, min(len(told), 80), 20)]
