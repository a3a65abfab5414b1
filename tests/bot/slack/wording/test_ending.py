"""Report, escalation, note and failure. Made anew by `pytest --inline-snapshot=fix`."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

from inline_snapshot import snapshot

from tests.bot.slack.wording.said import said


def test_report() -> None:
    assert said("report") == snapshot("""\
text: Report: product-recommender recovered after 13 min 12 s
header: Report: product-recommender recovered after 13 min 12 s
section: *Cause:* Bad deployment: endpoint config product-recommender-v24
*Done:* product-recommender-prod is InService on product-recommender-v23
*How long it took:* Detect 2 min 6 s · Diagnose 54 s · Decide 3 min · Recover 7 min
*Decided by:* <@UONCALL>
row: What | UTC | After | How
row: Trouble began | 13:58:00 | +0 s | first sign in the metrics
row: Alert received | 14:00:06 | +2 min 6 s | p99 latency too high
row: Diagnosed | 14:01:00 | +3 min | bad_deployment: product-recommender-v24 (high confidence)
row: Decided | 14:04:00 | +6 min | Approved
row: Change sent | 14:04:06 | +6 min 6 s | UpdateEndpoint sent
row: Change done | 14:08:30 | +10 min 30 s | product-recommender-prod is InService on product-recommender-v23
row: Recovered | 14:11:00 | +13 min | Every signal is inside its threshold
section: *Read next*
• <https://runbooks.example/main/EndpointLatencyP99High.md|EndpointLatencyP99High.md › Mitigation>
• https://evil.example/
context: INC-7 · timeline of 6 entries, head `ba31968eb0a8b593`
button: False alarm = INC-7\
""")


def test_escalation() -> None:
    assert said("escalation") == snapshot("""\
text: Needs a person (@ml-oncall and <!subteam^SMLLEADS>): Nobody decided.
section: :rotating_light: *Needs a person* – @ml-oncall and <!subteam^SMLLEADS>
Nobody decided.
section: *What to do*
• Look.\
""")


def test_note() -> None:
    assert said("note") == snapshot("""\
text: Flapping
section: :warning: *Flapping*
No further look for now.\
""")


def test_failure() -> None:
    assert said("failure") == snapshot("""\
text: That did not work. Try again.
section: :x: *That did not work.*
Try again.
context: Reference: INC-7\
""")


def test_report_closed() -> None:
    assert said("report closed") == snapshot("""\
text: Report: product-recommender was closed by hand
header: Report: product-recommender was closed by hand
section: *Cause:* Bad deployment: endpoint config product-recommender-v24
*Done:* nothing was changed.
*How long it took:* Detect 2 min 6 s · Diagnose 54 s · Decide 3 min
*Decided by:* <@UONCALL>
:rotating_light: *Break-glass:* <@UONCALL>: Acts for two: nobody else is awake
*Closed by:* <@ULEAD>: Closed: the source was repaired by hand
*Taken by:* <@UVIEWER>
:no_bell: *Marked as a false alarm* by <@UVIEWER>
row: What | UTC | After | How
row: Trouble began | 13:58:00 | +0 s | first sign in the metrics
row: Alert received | 14:00:06 | +2 min 6 s | p99 latency too high
row: Diagnosed | 14:01:00 | +3 min | bad_deployment: product-recommender-v24 (high confidence)
row: Decided | 14:04:00 | +6 min | Approved
section: *Read next*
• <https://runbooks.example/main/EndpointLatencyP99High.md|EndpointLatencyP99High.md › Mitigation>
• https://evil.example/
context: INC-7 · timeline of 5 entries, head `8cd5f5721568700d`
button: Not a false alarm = INC-7\
""")


def test_escalation_with_ask_again() -> None:
    assert said("escalation with ask again") == snapshot("""\
text: Needs a person (@ml-oncall and <!subteam^SMLLEADS>): Nobody decided.
section: :rotating_light: *Needs a person* – @ml-oncall and <!subteam^SMLLEADS>
Nobody decided.
section: *What to do*
• Look.
section: *product-recommender: roll back to product-recommender-v23* – put it up once more, as the world is now
button: Ask again = p4f1c09\
""")


def test_broke_glass() -> None:
    assert said("broke glass") == snapshot("""\
text: Break-glass (@ml-oncall and <!subteam^SMLLEADS>): fraud-detector: put version 42 live
section: :rotating_light: *Break-glass – @ml-oncall and <!subteam^SMLLEADS>*
<@UONCALL> acts for two on “fraud-detector: put version 42 live”.
*Reason:* Nobody else is awake.\
""")
