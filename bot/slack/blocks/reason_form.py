"""The forms that ask for a reason: why a proposal is denied, why one person has to act for two."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from slack_sdk.models.blocks import InputBlock, PlainTextInputElement
from slack_sdk.models.views import View

from bot.slack import ids
from bot.slack.blocks.kit import section
from bot.slack.blocks.text import plain

REASON_LIMIT = 1_000
LEAST_FOR_DENIAL = 3
LEAST_FOR_BREAK_GLASS = 10
"""Characters. An auditor reads it later: a word is not enough."""


@dataclass(frozen=True)
class ReasonForm:
    """What a form remembers while it is open: which proposal, and where its card stands.

    `channel` is empty where it was opened in the App Home.
    """

    proposal_id: str
    channel: str = ""
    thread_ts: str = ""

    def dumped(self) -> str:
        """As Slack keeps it for us."""
        return json.dumps(asdict(self))

    @classmethod
    def loaded(cls, private_metadata: str) -> "ReasonForm":
        """Raises `ValueError` when it is not ours."""
        kept = json.loads(private_metadata)
        try:
            return cls(**{key: str(value) for key, value in kept.items()})
        except (AttributeError, TypeError) as error:
            raise ValueError("not what this form keeps") from error


def deny_form(form: ReasonForm) -> dict[str, Any]:
    """The modal of a denial."""
    return _modal(
        form,
        ids.DENY_FORM,
        title="Deny this proposal",
        submit="Deny",
        said="A denial is final: nothing is sent, and the card shows your reason.",
        label="Why should this not be done?",
        hint="It stands on the card and in the incident's record, and keeps the same proposal from coming back.",
        least=LEAST_FOR_DENIAL,
    )


def break_glass_form(form: ReasonForm) -> dict[str, Any]:
    """The modal of somebody who acts for two."""
    return _modal(
        form,
        ids.BREAK_GLASS_FORM,
        title="Break glass",
        submit="Approve for two",
        said=":rotating_light: *Your approval will count for two people.* The other group is called into the thread "
        "at once, and the report shows your name and your reason. Read the card once more before you go on.",
        label="Why can this not wait for a second person?",
        hint=f"At least {LEAST_FOR_BREAK_GLASS} characters.",
        least=LEAST_FOR_BREAK_GLASS,
    )


def _modal(
    form: ReasonForm, callback_id: str, *, title: str, submit: str, said: str, label: str, hint: str, least: int
) -> dict[str, Any]:
    element = PlainTextInputElement(
        action_id=ids.DENY_REASON_INPUT, multiline=True, min_length=least, max_length=REASON_LIMIT, focus_on_load=True
    )
    view = View(
        type="modal",
        callback_id=callback_id,
        title=title,
        submit=submit,
        close="Back",
        private_metadata=form.dumped(),
        blocks=[section(said), InputBlock(block_id=ids.DENY_REASON_BLOCK, label=label, hint=hint, element=element)],
    )
    return view.to_dict()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] the SDK types it as a bare dict


def reason_of(state: dict[str, Any]) -> str:
    """The reason as typed into the form, cleaned; empty when there is none."""
    typed = state.get("values", {}).get(ids.DENY_REASON_BLOCK, {}).get(ids.DENY_REASON_INPUT, {}).get("value") or ""
    return plain(str(typed), REASON_LIMIT) if str(typed).strip() else ""
