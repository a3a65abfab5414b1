"""The card of a proposal, while it waits and once it is decided. Made anew by `pytest --inline-snapshot=fix`."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

from inline_snapshot import snapshot

from bot.slack.blocks.proposal import proposal_message
from tests.bot.slack.reading import read
from tests.bot.slack.samples import proposal_view
from tests.bot.slack.wording.said import said


def test_proposal_pending() -> None:
    assert said("proposal pending") == snapshot("""\
text: Waiting for a decision: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :bell: *Waiting for a decision* – 1 approval from @ml-oncall or @ml-leads needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>.
section: *What:* Roll product-recommender-prod back to product-recommender-v23
*Why:* Trouble began with product-recommender-v24; v23 served well before it. [E1, E2]
row: What | Before | After
row: Endpoint config | product-recommender-v24 | product-recommender-v23
row: Instance counts | as they are | kept
row: Traffic | all on product-recommender-v24 | all on product-recommender-v23
section: *Exactly this is sent, in this order*
preformatted: sagemaker UpdateEndpoint
{
  "EndpointName": "product-recommender-prod",
  "EndpointConfigName": "product-recommender-v23",
  "RetainAllVariantProperties": true
}
section: *Risk*
high: it changes what serves production | *Estimate*
about 5 min (typical endpoint update; no added running cost) | *How to undo it*
UpdateEndpoint back to product-recommender-v24, which stays in SageMaker. | *It counts as done when*
• product-recommender-prod is InService on product-recommender-v23 with no failure reason
• every alert expression that fired is inside its threshold at every sample of the window
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver
button: Approve = p4f1c09, asks: product-recommender: roll back to product-recommender-v23. Endpoint config: product-recommender-v24 → product-recommender-v23. Digest 728691f4.
button: Deny… = p4f1c09\
""")


def test_what_did_not_work_before_stands_below_the_reason() -> None:
    view = proposal_view()
    told = "rolled back to product-recommender-v23 in INC-9, 3 weeks ago: the signals did not recover"
    view = view.model_copy(update={"proposal": view.proposal.model_copy(update={"did_not_work": (told,)})})
    lines = read(proposal_message(view)).splitlines()
    assert lines[5] == f":warning: *Did not work before:* {told}"
    assert lines[4].startswith("*Why:* ")


def decided(name: str) -> str:
    """What differs once it is decided: the words above the reasons, the last line, and any button."""
    lines = said(name).split("\n")
    above = lines[: next(n for n, line in enumerate(lines) if line.startswith("section: *What:*"))]
    below = [line for line in lines if line.startswith(("context:", "button:"))]
    return "\n".join([*above, *below])


def test_each_decided_state_says_who_and_when_and_has_no_live_button() -> None:
    names = (
        "approved",
        "denied",
        "expired",
        "superseded",
        "withdrawn",
        "partly approved",
        "allowed",
        "allowed and run",
    )
    assert {name: decided(f"proposal {name}") for name in names} == snapshot(
        {
            "approved": """\
text: Approved: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :white_check_mark: *Approved* by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>.
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver\
""",
            "denied": """\
text: Denied: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :no_entry_sign: *Denied* by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>: We are about to ship a fix.
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver\
""",
            "expired": """\
text: Expired: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :hourglass: *Expired* on <04 Mar 2026 14:04 UTC as {date_short} at {time}>: nobody decided in time. Nothing was sent.
Approved so far: 1 of 1 (<@UONCALL> at <04 Mar 2026 14:03 UTC as {time}>)
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver\
""",
            "superseded": """\
text: Superseded: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :white_circle: *Superseded* by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>. It can no longer be approved.
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver\
""",
            "withdrawn": """\
text: Withdrawn: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :white_circle: *Withdrawn* by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>. It can no longer be approved.
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver\
""",
            "partly approved": """\
text: Waiting for a decision: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :bell: *Waiting for a decision* – 2 approvals from @ml-oncall or @ml-leads needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>.
Approved so far: 1 of 2 (<@UONCALL> at <04 Mar 2026 14:03 UTC as {time}>)
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver
button: Approve = p4f1c09, asks: product-recommender: roll back to product-recommender-v23. Endpoint config: product-recommender-v24 → product-recommender-v23. Digest 728691f4. It runs once 2 people have approved.
button: Deny… = p4f1c09\
""",
            "allowed": """\
text: The policy allows this without people: fraud-detector: put version 42 live
header: fraud-detector: put version 42 live
section: :arrow_forward: *The policy allows this without people*; the plan below is posted before anything is sent.
An origin.
context: Checked: fraud-detector-prod is InService; both alarms are OK | Digest `ee8a7e18` · proposal `p4f1c09` · INC-7 · policy: fraud-detector may act by itself · timeline entry 3, c442543e\
""",
            "allowed and run": """\
text: The policy allows this without people: fraud-detector: put version 42 live
header: fraud-detector: put version 42 live
section: :arrow_forward: *The policy allows this without people* on <04 Mar 2026 14:04 UTC as {date_short} at {time}>; the plan below was posted first.
An origin.
context: Checked: fraud-detector-prod is InService; both alarms are OK | Digest `ee8a7e18` · proposal `p4f1c09` · INC-7 · policy: fraud-detector may act by itself · timeline entry 3, c442543e\
""",
        }
    )


def test_two_people_one_who_acts_for_two_one_who_asked_again_and_one_who_chose_it() -> None:
    names = ("promotion approved", "promotion for two", "asked again", "by hand")
    assert {name: decided(f"proposal {name}") for name in names} == snapshot(
        {
            "promotion approved": """\
text: Approved: fraud-detector: put version 42 live
header: fraud-detector: put version 42 live
section: :white_check_mark: *Approved* by <@UONCALL> and <@ULEAD> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>.
An origin.
context: Checked: fraud-detector-prod is InService; both alarms are OK | Digest `ee8a7e18` · proposal `p4f1c09` · INC-7 · policy: a tier-1 production change needs two approvers · timeline entry 3, c442543e\
""",
            "promotion for two": """\
text: Approved: fraud-detector: put version 42 live
header: fraud-detector: put version 42 live
section: :white_check_mark: *Approved* by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>.
:rotating_light: *Break-glass:* <@UONCALL> acts for two: Nobody else is awake, fraud goes through.
An origin.
context: Checked: fraud-detector-prod is InService; both alarms are OK | Digest `ee8a7e18` · proposal `p4f1c09` · INC-7 · policy: a tier-1 production change needs two approvers · timeline entry 3, c442543e\
""",
            "asked again": """\
text: Waiting for a decision: fraud-detector: put version 42 live
header: fraud-detector: put version 42 live
section: :bell: *Waiting for a decision* – 2 approvals from @ml-leads needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>. Asked for the second time.
An origin.
context: Checked: fraud-detector-prod is InService; both alarms are OK | Digest `ee8a7e18` · proposal `p4f1c09` · INC-7 · policy: a tier-1 production change needs two approvers · timeline entry 3, c442543e
button: Approve = p4f1c09, asks: fraud-detector: put version 42 live. Live model: version 41 → version 42. Digest ee8a7e18. It runs once 2 people have approved.
button: Deny… = p4f1c09
button: Break glass… = p4f1c09\
""",
            "by hand": """\
text: Waiting for a decision: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :bell: *Waiting for a decision* – 1 approval from @ml-oncall or @ml-leads needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>.
An origin.
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver · asked for by <@ULEAD>, who cannot approve it · timeline entry 3, c442543e
button: Approve = p4f1c09, asks: product-recommender: roll back to product-recommender-v23. Endpoint config: product-recommender-v24 → product-recommender-v23. Digest 728691f4.
button: Deny… = p4f1c09\
""",
        }
    )
