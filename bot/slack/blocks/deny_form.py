"""The form that asks why a proposal is denied."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from slack_sdk.models.blocks import InputBlock, PlainTextInputElement
from slack_sdk.models.views import View

from bot.slack import ids
from bot.slack.blocks.kit import section
from bot.slack.blocks.text import plain

REASON_LIMIT = 1_000


@dataclass(frozen=True)
class DenyForm:
    """What the form remembers while it is open: which proposal, and where its card stands."""

    proposal_id: str
    channel: str = ""
    thread_ts: str = ""

    def dumped(self) -> str:
        """As Slack keeps it for us."""
        return json.dumps(asdict(self))

    @classmethod
    def loaded(cls, private_metadata: str) -> "DenyForm":
        """Raises `ValueError` when it is not ours."""
        kept = json.loads(private_metadata)
        try:
            return cls(**{key: str(value) for key, value in kept.items()})
        except (AttributeError, TypeError) as error:
            raise ValueError("not what this form keeps") from error


def deny_form(form: DenyForm) -> dict[str, Any]:
    """The modal."""
    reason = InputBlock(
        block_id=ids.DENY_REASON_BLOCK,
        label="Why should this not be done?",
        hint="It stands on the card and in the incident's record, and keeps the same proposal from coming back.",
        element=PlainTextInputElement(
            action_id=ids.DENY_REASON_INPUT, multiline=True, min_length=3, max_length=REASON_LIMIT, focus_on_load=True
        ),
    )
    view = View(
        type="modal",
        callback_id=ids.DENY_FORM,
        title="Deny this proposal",
        submit="Deny",
        close="Back",
        private_metadata=form.dumped(),
        blocks=[section("A denial is final: nothing is sent, and the card shows your reason."), reason],
    )
    return view.to_dict()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] the SDK types it as a bare dict


def reason_of(state: dict[str, Any]) -> str:
    """The reason as typed into the form, cleaned; empty when there is none."""
    typed = state.get("values", {}).get(ids.DENY_REASON_BLOCK, {}).get(ids.DENY_REASON_INPUT, {}).get("value") or ""
    return plain(str(typed), REASON_LIMIT) if str(typed).strip() else ""
