"""Status, lists, answers, and the app home. Made anew by `pytest --inline-snapshot=fix`."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

from inline_snapshot import snapshot

from bot.slack.rendered import Rendered
from tests.bot.slack.every_kind import homes
from tests.bot.slack.reading import read
from tests.bot.slack.wording.said import said


def test_status() -> None:
    assert said("status") == snapshot("""\
text: 3 models, 1 open incident
section: *fraud-detector* · :white_check_mark: no open incident · live: fraud-detector-v41 for 9 d · tier 1, prod
*product-recommender* · :arrows_counterclockwise: <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7> change under way, critical · :arrows_counterclockwise: Roll product-recommender-prod back to product-recommender-v23 · live: product-recommender-v24 for 8 min · tier 2, prod
*churn-predictor* · :white_check_mark: no open incident · tier 2, prod · :warning: SageMaker did not answer
context: As of <04 Mar 2026 14:05 UTC as {time_secs}>\
""")


def test_a_page_of_status() -> None:
    assert said("a page of status") == snapshot("""\
text: 45 models, 45 open incidents
section: *45 models, 45 open incidents* (critical env=prod)
section: *fraud-detector* · :white_check_mark: no open incident · live: fraud-detector-v41 for 9 d · tier 1, prod
*product-recommender* · :arrows_counterclockwise: <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7> change under way, critical · :arrows_counterclockwise: Roll product-recommender-prod back to product-recommender-v23 · live: product-recommender-v24 for 8 min · tier 2, prod
*churn-predictor* · :white_check_mark: no open incident · tier 2, prod · :warning: SageMaker did not answer
context: Page 2 of 3: `/agentops status critical env=prod page 3`
button: Previous page = status critical env=prod page 1
button: Next page = status critical env=prod page 3
context: As of <04 Mar 2026 14:05 UTC as {time_secs}>\
""")


def test_no_model_fits() -> None:
    assert said("no model fits") == snapshot("""\
text: 0 models, 0 open incidents
section: :double_vertical_bar: *Changes are paused.* Nothing is executed until they are resumed.
section: No model fits (fraud∗ escalated).
context: As of <04 Mar 2026 14:05 UTC as {time_secs}>\
""")


def test_past_incidents() -> None:
    assert said("past incidents") == snapshot("""\
text: more than 10000 incidents
section: *more than 10000 incidents* (closed)
section: :ballot_box_with_check: <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7> *product-recommender* – closed
      :red_circle: critical · since <04 Mar 2026 14:00 UTC as {date_short} at {time}>
:ballot_box_with_check: INC-8 *product-recommender* – closed
      :red_circle: critical · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · alerts no longer kept
context: Page 7 of 500: `/agentops incidents closed page 8`
button: Previous page = incidents closed page 6
button: Next page = incidents closed page 8\
""")


def test_incidents() -> None:
    assert said("incidents") == snapshot("""\
text: 45 open incidents
section: *45 open incidents*
section: :bell: <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7> *product-recommender* – waiting for a decision
      :red_circle: critical · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · p99 latency too high
:bell: INC-8 *product-recommender* – waiting for a decision
      :red_circle: critical · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · p99 latency too high
context: Page 1 of 3: `/agentops incidents page 2`
button: Next page = incidents page 2\
""")


def test_runbooks() -> None:
    assert said("runbooks") == snapshot("""\
text: 2 passages on “how do I roll back?”
section: :mag: *2 passages on “how do I roll back?”*
section: <https://runbooks.example/main/EndpointLatencyP99High.md#L21-L21|EndpointLatencyP99High.md> › Mitigation, line 21
quote: If it began with a deployment, roll back first.
section: <https://runbooks.example/main/EndpointLatencyP99High.md#L21-L21|EndpointLatencyP99High.md> › Mitigation, line 21
quote: If it began with a deployment, roll back first.\
""")


def test_answer() -> None:
    assert said("answer") == snapshot("""\
text: A new config went live.
context: Asked: why did it fall?
section: A new config went live.
section: *It stands on*
section: <https://runbooks.example/main/EndpointLatencyP99High.md#L21-L21|EndpointLatencyP99High.md> › Mitigation, line 21
quote: If it began with a deployment, roll back first.
section: <https://runbooks.example/main/EndpointLatencyP99High.md#L21-L21|EndpointLatencyP99High.md> › Mitigation, line 21
quote: If it began with a deployment, roll back first.
context: Written by claude-sonnet · 9.9 s · 3 requests · 12,345 tokens in, 678 out · $0.0471\
""")


def test_answer_of_long_ago() -> None:
    assert said("answer of long ago") == snapshot("""\
text: A new config went live.
context: Asked: why did it fall?
section: A new config went live.
section: *It stands on*
section: <https://runbooks.example/main/EndpointLatencyP99High.md#L21-L21|EndpointLatencyP99High.md> › Mitigation, line 21
quote: If it began with a deployment, roll back first.
section: <https://runbooks.example/main/EndpointLatencyP99High.md#L21-L21|EndpointLatencyP99High.md> › Mitigation, line 21
quote: If it began with a deployment, roll back first.
context: This incident was pruned for its age on <12 Jun 2026 14:00 UTC as {date_short}>: its alerts, and how it was investigated, are no longer kept. Diagnosis, decisions and timeline are.
context: Written by claude-sonnet · 9.9 s · 3 requests · 12,345 tokens in, 678 out · $0.0471\
""")


def test_investigating() -> None:
    assert said("investigating") == snapshot("""\
text: Looking into *fraud-detector*. The answer comes in <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7>.
section: :mag: Looking into *fraud-detector*. The answer comes in <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7>.\
""")


def test_not_investigating() -> None:
    assert said("not investigating") == snapshot("""\
text: *m* is not looked into now: busy (<https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7>)
section: :information_source: *m* is not looked into now: busy (<https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7>)\
""")


def test_home() -> None:
    view = dict(homes())["home"]
    assert read(Rendered("", view["blocks"])) == snapshot("""\
text: \n\
header: Approvals waiting
section: *product-recommender: roll back to product-recommender-v23*
Endpoint config: product-recommender-v24 → product-recommender-v23
:bell: *Waiting for a decision* – 1 approval from @ml-oncall or @ml-leads needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>.
<https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7> · Risk high: it changes what serves production · digest `728691f4` · proposal `p4f1c09`
button: Approve = p4f1c09, asks: product-recommender: roll back to product-recommender-v23. Endpoint config: product-recommender-v24 → product-recommender-v23. Digest 728691f4.
button: Deny… = p4f1c09
section: *product-recommender: roll back to product-recommender-v23*
Endpoint config: product-recommender-v24 → product-recommender-v23
:bell: *Waiting for a decision* – 1 approval from @ml-oncall or @ml-leads needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>.
<https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7> · Risk high: it changes what serves production · digest `728691f4` · proposal `p4f1c091`
button: Approve = p4f1c091, asks: product-recommender: roll back to product-recommender-v23. Endpoint config: product-recommender-v24 → product-recommender-v23. Digest 728691f4.
button: Deny… = p4f1c091
header: Open incidents
section: :bell: <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7> *product-recommender* – waiting for a decision
      :red_circle: critical · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · p99 latency too high
:bell: INC-8 *product-recommender* – waiting for a decision
      :red_circle: critical · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · p99 latency too high
header: Models
section: *fraud-detector* · :white_check_mark: no open incident · live: fraud-detector-v41 for 9 d · tier 1, prod
*product-recommender* · :arrows_counterclockwise: <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7> change under way, critical · :arrows_counterclockwise: Roll product-recommender-prod back to product-recommender-v23 · live: product-recommender-v24 for 8 min · tier 2, prod
*churn-predictor* · :white_check_mark: no open incident · tier 2, prod · :warning: SageMaker did not answer
header: Done lately
section: <04 Mar 2026 12:30 UTC as {date_short} at {time}> · <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-6> *fraud-detector* – Rolled back
<04 Mar 2026 12:30 UTC as {date_short} at {time}> · <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-6> *fraud-detector* – Rolled back
divider:
context: As of <04 Mar 2026 14:05 UTC as {time_secs}>; open this tab again to refresh it.\
""")


def test_daily_note() -> None:
    assert said("daily note") == snapshot("""\
text: Nothing needed on 2 of 4 models in the last 24 hours
section: *Nothing needed on 2 of 4 models in the last 24 hours*
section: :eyes: *new-model* – It has no signals in models.yaml, so nothing is known of it.
section: :eyes: *product-recommender* – INC-7 is open (awaiting decision). Past its bound now: latency_p99 at 2.5 s (bound 1 s). No current data for 1 of 2 signals, so nothing is known of them: error_rate.
section: :white_check_mark: *churn-predictor* – Nothing needed, because its one signal with data is inside its bound. Waiting for labels, so nothing is known of them yet: accuracy_drop. Nearest: latency_p99, at worst 0.61 s on <04 Mar 2026 14:00 UTC as {date_short} at {time}> (bound 1 s). Without data for a part of the time: latency_p99 12%.
section: :white_check_mark: *fraud-detector* – Nothing needed, because all 2 signals are inside their bounds. Past its bound in that time and inside again: feature_psi, at worst 0.18 PSI on <04 Mar 2026 14:00 UTC as {date_short} at {time}> (bound 0.1 PSI).
context: From <03 Mar 2026 14:00 UTC as {date_short} at {time}> to <04 Mar 2026 14:00 UTC as {date_short} at {time}>, by the thresholds of models.yaml\
""")


def test_daily_note_of_many_models_on_which_nothing_is_needed() -> None:
    told = said("calm daily note")
    assert told.startswith("text: Nothing needed on 45 models in the last 24 hours")
    assert "And 15 more; nothing is needed on them: `/agentops status`" in told
