"""What each message says, to be read and reviewed. Made anew by `pytest --inline-snapshot=fix`."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

from inline_snapshot import snapshot

from bot.slack.rendered import Rendered
from tests.bot.slack.every_kind import homes, messages, modals
from tests.bot.slack.reading import read


def said(name: str) -> str:
    return read(dict(messages())[name])


def test_root_new() -> None:
    assert said("root new") == snapshot("""\
text: product-recommender: alert received. Error rate too high and p99 latency too high. INC-7
section: :red_circle: *product-recommender* – alert received
Error rate too high and p99 latency too high
context: :red_circle: critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7*
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")


def test_root_investigating() -> None:
    assert said("root investigating") == snapshot("""\
text: product-recommender: being investigated. Error rate too high and p99 latency too high. INC-7
section: :mag: *product-recommender* – being investigated
Error rate too high and p99 latency too high
context: :red_circle: critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7*
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")


def test_root_awaiting_decision() -> None:
    assert said("root awaiting_decision") == snapshot("""\
text: product-recommender: waiting for a decision. Error rate too high and p99 latency too high. INC-7
section: :bell: *product-recommender* – waiting for a decision
Error rate too high and p99 latency too high
section: *Diagnosis:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*Decide in the thread:* Roll product-recommender-prod back to product-recommender-v23 – 1 approval from @ml-oncall or @ml-leads, open until <04 Mar 2026 14:07 UTC as {time}>
context: :red_circle: critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7*
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")


def test_root_monitoring() -> None:
    assert said("root monitoring") == snapshot("""\
text: product-recommender: being watched. Error rate too high and p99 latency too high. INC-7
section: :bar_chart: *product-recommender* – being watched
Error rate too high and p99 latency too high
section: *Diagnosis:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*Denied* by <@UONCALL>: We are about to ship a fix.
*Done:* nothing was changed
context: :red_circle: critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7*
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")


def test_root_executing() -> None:
    assert said("root executing") == snapshot("""\
text: product-recommender: change under way. Error rate too high and p99 latency too high. INC-7
section: :arrows_counterclockwise: *product-recommender* – change under way
Error rate too high and p99 latency too high
section: *Diagnosis:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*Under way:* Roll product-recommender-prod back to product-recommender-v23 – SageMaker says Updating
context: :red_circle: critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7*
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")


def test_root_verifying() -> None:
    assert said("root verifying") == snapshot("""\
text: product-recommender: checking the recovery. Error rate too high and p99 latency too high. INC-7
section: :hourglass_flowing_sand: *product-recommender* – checking the recovery
Error rate too high and p99 latency too high
section: *Diagnosis:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*Done:* Roll product-recommender-prod back to product-recommender-v23
*Now:* every alert has to stay inside its threshold; judged by <04 Mar 2026 14:13 UTC as {time}>
context: :red_circle: critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7*
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")


def test_root_escalated() -> None:
    assert said("root escalated") == snapshot("""\
text: product-recommender: needs a person. Error rate too high and p99 latency too high. INC-7
section: :rotating_light: *product-recommender* – needs a person
Error rate too high and p99 latency too high
section: *Diagnosis:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*Why:* nobody decided in time. Nothing was changed.
context: :red_circle: critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7*
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")


def test_root_resolved() -> None:
    assert said("root resolved") == snapshot("""\
text: product-recommender: recovered after 11 min 12 s. Error rate too high and p99 latency too high. INC-7
section: :white_check_mark: *product-recommender* – recovered after 11 min 12 s
Error rate too high and p99 latency too high
section: *Diagnosis:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*Done:* Roll product-recommender-prod back to product-recommender-v23
context: was critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7*
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")


def test_root_closed() -> None:
    assert said("root closed") == snapshot("""\
text: product-recommender: recovered after 11 min 12 s; closed. Error rate too high and p99 latency too high. INC-7
section: :ballot_box_with_check: *product-recommender* – recovered after 11 min 12 s; closed
Error rate too high and p99 latency too high
section: *Diagnosis:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*Done:* Roll product-recommender-prod back to product-recommender-v23
context: was critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7*
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")


def test_root_unlisted() -> None:
    assert said("root unlisted") == snapshot("""\
text: product-recommender: being watched. Error rate too high and p99 latency too high. INC-7
section: :bar_chart: *product-recommender* – being watched
Error rate too high and p99 latency too high
section: *Diagnosis:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*Denied* by <@UONCALL>: We are about to ship a fix.
*Done:* nothing was changed
context: :red_circle: critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7* · not in the catalogue, read-only
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")


def test_progress_0() -> None:
    assert said("progress 0") == snapshot("""\
text: Looking into it: getting ready
section: :mag: Looking into it; getting ready.\
""")


def test_progress_4() -> None:
    assert said("progress 4") == snapshot("""\
text: Looking into it: 1 of 4 steps done
plan: Looking into it
task: complete Read the metrics 12 series
task: in_progress Read the endpoint's changes
task: pending Search the runbooks
task: error Read the captured data\
""")


def test_chart() -> None:
    assert said("chart") == snapshot("""\
text: p99
image: p99 rose at 13:58\
""")


def test_chart_missing() -> None:
    assert said("chart missing") == snapshot("""\
text: No chart: matplotlib is not installed
section: :bar_chart: No chart: matplotlib is not installed
context: • p99: 2.5 s
• p99: 2.5 s
• p99: 2.5 s
• p99: 2.5 s
• p99: 2.5 s
• p99: 2.5 s
• p99: 2.5 s
• p99: 2.5 s
• p99: 2.5 s
• p99: 2.5 s
• p99: 2.5 s
• p99: 2.5 s\
""")


def test_diagnosis() -> None:
    assert said("diagnosis") == snapshot("""\
text: Diagnosis: Bad deployment: endpoint config product-recommender-v24 (high confidence)
section: *What:* Bad deployment: endpoint config product-recommender-v24, since <04 Mar 2026 13:58 UTC as {date_short} at {time}> (high confidence)
*Why:* p99 rose to 2.5 s a minute after product-recommender-v24 went live; its inputs did not change.
*What next:* Roll back – waits for approval below.
section: :warning: *Could not be read:* the data capture of the last hour
section: *What speaks for it*
bullet: p99 is 12 times what it was before the deployment. [E1, E2]
bullet: Nothing else changed in the hour before. [E2]
section: *Should it be retrained?* No: The inputs did not change. [E1]
section: *What the runbooks say*
section: <https://runbooks.example/main/EndpointLatencyP99High.md#L21-L21|EndpointLatencyP99High.md> › Mitigation, line 21
quote: If it began with a deployment, roll back first and look for the reason afterwards.
context: Written by the offline rules, no language model · 0.4 s\
""")


def test_evidence() -> None:
    assert said("evidence") == snapshot("""\
text: Evidence: 2 of 3 facts read
section: *Explanations, most likely first*
section: 1. *Bad deployment*: The new config is slower.
bullet: *for* It began with the deployment. [E1, E2]
section: 2. *Unusual traffic*: More traffic than the endpoint can take.
bullet: *against* Requests a second did not change. [E1]
section: *Evidence: 2 of 3 facts read*
bullet: *E1* metric, prometheus: p99 rose from 0.21 s to 2.5 s at 13:58
`histogram_quantile(0.99, sum by (le) (rate(ml_inference_latency_seconds_bucket[5m])))` <http://prometheus.example:9090/graph?g0.expr=p99|open>
bullet: *E2* change, sagemaker: product-recommender-v24 went live at 13:57, after v23
`configs that were live`
section: *Struck out, since the evidence does not say so (1 statement):*
• ~The database is slow.~ – it names no evidence
context: Similar past incidents: INC-2025-03-recommender-cold-cache\
""")


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


def test_proposal_approved() -> None:
    assert said("proposal approved") == snapshot("""\
text: Approved: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :white_check_mark: *Approved* by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>.
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
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver\
""")


def test_proposal_denied() -> None:
    assert said("proposal denied") == snapshot("""\
text: Denied: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :no_entry_sign: *Denied* by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>: We are about to ship a fix.
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
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver\
""")


def test_proposal_expired() -> None:
    assert said("proposal expired") == snapshot("""\
text: Expired: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :hourglass: *Expired* on <04 Mar 2026 14:04 UTC as {date_short} at {time}>: nobody decided in time. Nothing was sent.
Approved so far: 1 of 1 (<@UONCALL> at <04 Mar 2026 14:03 UTC as {time}>)
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
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver\
""")


def test_proposal_superseded() -> None:
    assert said("proposal superseded") == snapshot("""\
text: Superseded: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :white_circle: *Superseded* by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>. It can no longer be approved.
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
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver\
""")


def test_proposal_withdrawn() -> None:
    assert said("proposal withdrawn") == snapshot("""\
text: Withdrawn: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :white_circle: *Withdrawn* by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>. It can no longer be approved.
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
context: Digest `728691f4` · proposal `p4f1c09` · INC-7 · policy: a rollback needs one approver\
""")


def test_proposal_partly_approved() -> None:
    assert said("proposal partly approved") == snapshot("""\
text: Waiting for a decision: product-recommender: roll back to product-recommender-v23
header: product-recommender: roll back to product-recommender-v23
section: :bell: *Waiting for a decision* – 2 approvals from @ml-oncall or @ml-leads needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>.
Approved so far: 1 of 2 (<@UONCALL> at <04 Mar 2026 14:03 UTC as {time}>)
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
button: Approve = p4f1c09, asks: product-recommender: roll back to product-recommender-v23. Endpoint config: product-recommender-v24 → product-recommender-v23. Digest 728691f4. It runs once 2 people have approved.
button: Deny… = p4f1c09\
""")


def test_advice() -> None:
    assert said("advice") == snapshot("""\
text: Nothing is proposed: The config before it served well for three weeks.
section: :information_source: *Nothing is proposed for approval*
The config before it served well for three weeks.
section: *What to do*
• Do not retrain now.
• Quarantine the broken window of data, so that nothing is trained on it.
• Re-run the data pipeline once its source is whole again.
section: :lock: *Not allowed by the policy*
• Retrain: paused\
""")


def test_advice_unlisted() -> None:
    assert said("advice unlisted") == snapshot("""\
text: Nothing is proposed: The config before it served well for three weeks.
section: :information_source: *Nothing is proposed for approval*
The config before it served well for three weeks.
section: *What to do*
• Do not retrain now.
• Quarantine the broken window of data, so that nothing is trained on it.
• Re-run the data pipeline once its source is whole again.
context: Why it is not found there: no entry
preformatted: # manifests/models.yaml
models:
  product-recommender:
    environment: prod
    tier: 2
    team: name-of-its-team
    channel: ml-incidents
    endpoint:
      name: name-of-its-endpoint\
""")


def test_execution_queued() -> None:
    assert said("execution queued") == snapshot("""\
text: About to be sent: product-recommender: roll back to product-recommender-v23
section: :arrows_counterclockwise: *About to be sent:* product-recommender: roll back to product-recommender-v23
SageMaker says Updating
context: EndpointArn: `arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x`
context: sagemaker UpdateEndpoint · digest `728691f4` · began <04 Mar 2026 14:04 UTC as {time_secs}> · 1 min 54 s\
""")


def test_execution_executing() -> None:
    assert said("execution executing") == snapshot("""\
text: Under way: product-recommender: roll back to product-recommender-v23
section: :arrows_counterclockwise: *Under way:* product-recommender: roll back to product-recommender-v23
SageMaker says Updating
context: EndpointArn: `arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x`
context: sagemaker UpdateEndpoint · digest `728691f4` · began <04 Mar 2026 14:04 UTC as {time_secs}> · 1 min 54 s\
""")


def test_execution_succeeded() -> None:
    assert said("execution succeeded") == snapshot("""\
text: Done: product-recommender: roll back to product-recommender-v23
section: :white_check_mark: *Done:* product-recommender: roll back to product-recommender-v23
SageMaker says Updating
context: EndpointArn: `arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x`
context: sagemaker UpdateEndpoint · digest `728691f4` · began <04 Mar 2026 14:04 UTC as {time_secs}> · 4 min 24 s\
""")


def test_execution_failed() -> None:
    assert said("execution failed") == snapshot("""\
text: Failed: product-recommender: roll back to product-recommender-v23
section: :x: *Failed:* product-recommender: roll back to product-recommender-v23
SageMaker says Updating
*What next:* The change was not made, or not in full. Look at the error, then ask for a new look.
context: EndpointArn: `arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x`
context: sagemaker UpdateEndpoint · digest `728691f4` · began <04 Mar 2026 14:04 UTC as {time_secs}> · 4 min 24 s\
""")


def test_execution_needs_verification() -> None:
    assert said("execution needs_verification") == snapshot("""\
text: Not known whether it took effect: product-recommender: roll back to product-recommender-v23
section: :warning: *Not known whether it took effect:* product-recommender: roll back to product-recommender-v23
SageMaker says Updating
*What next:* Look at the target by hand; nothing is sent again by itself.
context: EndpointArn: `arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x`
context: sagemaker UpdateEndpoint · digest `728691f4` · began <04 Mar 2026 14:04 UTC as {time_secs}> · 4 min 24 s\
""")


def test_execution_stale() -> None:
    assert said("execution stale") == snapshot("""\
text: Not sent: the world had changed: product-recommender: roll back to product-recommender-v23
section: :no_entry: *Not sent: the world had changed:* product-recommender: roll back to product-recommender-v23
SageMaker says Updating
*What next:* Nothing was sent. Ask for a new look where one is due.
context: EndpointArn: `arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x`
context: sagemaker UpdateEndpoint · digest `728691f4` · began <04 Mar 2026 14:04 UTC as {time_secs}> · 4 min 24 s\
""")


def test_verification_watching() -> None:
    assert said("verification watching") == snapshot("""\
text: Checking the recovery.
section: :hourglass_flowing_sand: *Checking the recovery* – a person is called if it cannot be shown by <04 Mar 2026 14:13 UTC as {time_secs}>.\
""")


def test_verification_recovered() -> None:
    assert said("verification recovered") == snapshot("""\
text: Recovered.
section: :white_check_mark: *Recovered* – after 2 min 30 s of watching.
row: Signal | Threshold | Worst value | Samples | Verdict
row: p99 latency too high | stays below 1 s | 0.2312 s | 21 | recovered: all 21 samples are inside the threshold
row: Error rate too high | stays below 5 % | 0.4 % | 21 | recovered: all 21 samples are inside the threshold
context: 2 signals, each judged by its alert's own expression\
""")


def test_verification_failed() -> None:
    assert said("verification failed") == snapshot("""\
text: Not recovered.
section: :x: *Not recovered* – after 2 min 30 s of watching.
row: Signal | Threshold | Worst value | Samples | Verdict
row: p99 latency too high | stays below 1 s | 0.2312 s | 21 | inconclusive: samples are missing
row: Error rate too high | stays below 5 % | 0.4 % | 21 | inconclusive: samples are missing
context: 2 signals, each judged by its alert's own expression\
""")


def test_verification_inconclusive() -> None:
    assert said("verification inconclusive") == snapshot("""\
text: Cannot be told.
section: :warning: *Cannot be told* – after 2 min 30 s of watching.
row: Signal | Threshold | Worst value | Samples | Verdict
row: p99 latency too high | stays below 1 s | 0.2312 s | 21 | inconclusive: samples are missing
row: Error rate too high | stays below 5 % | 0.4 % | 21 | inconclusive: samples are missing
context: 2 signals, each judged by its alert's own expression\
""")


def test_verification_candidate_ready() -> None:
    assert said("verification candidate_ready") == snapshot("""\
text: The candidate is ready for review.
section: :white_check_mark: *The candidate is ready for review*\
""")


def test_verification_candidate_refused() -> None:
    assert said("verification candidate_refused") == snapshot("""\
text: The candidate is not good enough.
section: :x: *The candidate is not good enough*\
""")


def test_report() -> None:
    assert said("report") == snapshot("""\
text: Report: product-recommender recovered after 11 min 12 s
header: Report: product-recommender recovered after 11 min 12 s
section: *Cause:* Bad deployment: endpoint config product-recommender-v24
*Done:* product-recommender-prod is InService on product-recommender-v23
*How long it took:* Detect 2 min 6 s · Diagnose 54 s · Decide 3 min · Recover 7 min
*Decided by:* <@UONCALL>
row: What | UTC | After | How
row: Trouble began | 13:58:00 | +0 s | first sign in the metrics
row: Alert received | 14:00:06 | +2 min 6 s | EndpointLatencyP99High fires
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


def test_status() -> None:
    assert said("status") == snapshot("""\
text: 3 models, 1 open incident
section: *fraud-detector* · :white_check_mark: no open incident · live: fraud-detector-v41 for 9 d · tier 1, prod
*product-recommender* · :arrows_counterclockwise: <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7> change under way, critical · :arrows_counterclockwise: Roll product-recommender-prod back to product-recommender-v23 · live: product-recommender-v24 for 8 min · tier 2, prod
*churn-predictor* · :white_check_mark: no open incident · tier 2, prod · :warning: SageMaker did not answer
context: As of <04 Mar 2026 14:05 UTC as {time_secs}>\
""")


def test_incidents() -> None:
    assert said("incidents") == snapshot("""\
text: 45 open incidents
section: *45 open incidents*
section: :bell: <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7> *product-recommender* – waiting for a decision
      :red_circle: critical · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · p99 latency too high
:bell: INC-8 *product-recommender* – waiting for a decision
      :red_circle: critical · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · p99 latency too high
context: Page 1 of 3: `/agentops incidents 2`\
""")


def test_help() -> None:
    assert said("help") == snapshot("""\
text: What I can do: status, incidents, investigate, runbooks, ack, close, false-alarm, approve, ask-again, propose, pause, resume
section: *What every full member of this workspace may do*
`/agentops status [model]` – how the models are, one line each
`/agentops incidents [page]` – open incidents, each with its thread
`/agentops investigate &lt;model&gt; [question]` – look into a model now; the answer comes in its thread
`/agentops runbooks &lt;question&gt;` – what the runbooks say
`/agentops ack [incident]` – take an incident: everybody sees that you are on it
`/agentops false-alarm &lt;incident&gt;` – mark an incident as a false alarm; say it again to take it back
`/agentops pause [model]` – stop every change at once, of one model or of all
section: *What only approvers may do* (the people whom the policy names)
`/agentops close &lt;incident&gt; [reason]` – end an incident; what waits for a decision is taken back
`/agentops approve &lt;proposal&gt; &lt;digest&gt;` – approve what a card shows, by its own signs
`/agentops ask-again &lt;proposal&gt;` – put a proposal up again that expired undecided
`/agentops propose &lt;what&gt; &lt;model&gt; ... [--dry-run]` – ask for a remediation by hand: rollback, retrain, promote, quarantine, rerun, shift, issue or notify; somebody else has to approve it
`/agentops resume [model]` – let changes go on
context: In an incident's thread, mention me with a question. Decisions are made on the cards in the thread.\
""")


def test_usage() -> None:
    assert said("usage") == snapshot("""\
text: Which incident?
section: Which incident?
Use it so: `/agentops ack [incident]`, for example `/agentops ack INC-7`\
""")


def test_unknown_command() -> None:
    assert said("unknown command") == snapshot("""\
text: There is no “statsu”. Did you mean status?
section: There is no “statsu”. Did you mean `/agentops status [model]`? (how the models are, one line each)
context: For example `/agentops status`. All of it: `/agentops help`\
""")


def test_unknown_model() -> None:
    assert said("unknown model") == snapshot("""\
text: No model here is called “fraud”.
section: No model here is called “fraud”. Did you mean `fraud-detector`?\
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


def test_decision_approved() -> None:
    assert said("decision approved") == snapshot("""\
text: “Roll back” is approved and runs now; its thread tells how it goes. (INC-7)
section: :white_check_mark: “Roll back” is approved and runs now; its thread tells how it goes. (INC-7)\
""")


def test_decision_voted() -> None:
    assert said("decision voted") == snapshot("""\
text: Your approval of “Roll back” counts: 1 of 2; 1 more by others needed. (INC-7)
section: :white_check_mark: Your approval of “Roll back” counts: 1 of 2; 1 more by others needed. (INC-7)\
""")


def test_decision_voted_before() -> None:
    assert said("decision voted_before") == snapshot("""\
text: You approved “Roll back” before; 1 more by others needed. (INC-7)
section: :information_source: You approved “Roll back” before; 1 more by others needed. (INC-7)\
""")


def test_decision_denied() -> None:
    assert said("decision denied") == snapshot("""\
text: “Roll back” is denied. Nothing was changed. (INC-7)
section: :no_entry_sign: “Roll back” is denied. Nothing was changed. (INC-7)\
""")


def test_decision_decided_before() -> None:
    assert said("decision decided_before") == snapshot("""\
text: Too late: “Roll back” was denied by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>. Nothing was changed by your click. (INC-7)
section: :information_source: Too late: “Roll back” was denied by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>. Nothing was changed by your click. (INC-7)\
""")


def test_decision_expired() -> None:
    assert said("decision expired") == snapshot("""\
text: “Roll back” has expired; nothing was sent. It can be asked for again: `/agentops ask-again p1`. (INC-7)
section: :no_entry: “Roll back” has expired; nothing was sent. It can be asked for again: `/agentops ask-again p1`. (INC-7)\
""")


def test_decision_refused() -> None:
    assert said("decision refused") == snapshot("""\
text: Your decision does not count. (INC-7)
section: :no_entry: Your decision does not count. (INC-7)\
""")


def test_decision_forbidden() -> None:
    assert said("decision forbidden") == snapshot("""\
text: The policy does not allow “Roll back” now. Nothing was sent. (INC-7)
section: :no_entry: The policy does not allow “Roll back” now. Nothing was sent. (INC-7)\
""")


def test_decision_busy() -> None:
    assert said("decision busy") == snapshot("""\
text: “Roll back” has to wait. Nothing was sent; try again when that is over. (INC-7)
section: :no_entry: “Roll back” has to wait. Nothing was sent; try again when that is over. (INC-7)\
""")


def test_decision_not_found() -> None:
    assert said("decision not_found") == snapshot("""\
text: There is no proposal `p1` here. Nothing was changed. (INC-7)
section: :no_entry: There is no proposal `p1` here. Nothing was changed. (INC-7)\
""")


def test_decision_wrong_digest() -> None:
    assert said("decision wrong_digest") == snapshot("""\
text: The digest does not belong to “Roll back”. Read it off the card again. Nothing was changed. (INC-7)
section: :no_entry: The digest does not belong to “Roll back”. Read it off the card again. Nothing was changed. (INC-7)\
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


def test_the_form_for_a_denial() -> None:
    assert dict(modals())["deny"] == snapshot(
        {
            "blocks": [
                {
                    "text": {
                        "text": "A denial is final: nothing is sent, and the card shows your reason.",
                        "type": "mrkdwn",
                        "verbatim": True,
                    },
                    "type": "section",
                },
                {
                    "block_id": "reason",
                    "element": {
                        "action_id": "reason_input",
                        "focus_on_load": True,
                        "max_length": 1000,
                        "min_length": 3,
                        "multiline": True,
                        "type": "plain_text_input",
                    },
                    "hint": {
                        "emoji": True,
                        "text": "It stands on the card and in the incident's record, and keeps the same proposal from coming back.",
                        "type": "plain_text",
                    },
                    "label": {"emoji": True, "text": "Why should this not be done?", "type": "plain_text"},
                    "type": "input",
                },
            ],
            "callback_id": "proposal_deny_form",
            "close": {"emoji": True, "text": "Back", "type": "plain_text"},
            "private_metadata": '{"proposal_id": "p1", "channel": "CINCIDENTS", "thread_ts": "1.2"}',
            "submit": {"emoji": True, "text": "Deny", "type": "plain_text"},
            "title": {"emoji": True, "text": "Deny this proposal", "type": "plain_text"},
            "type": "modal",
        }
    )
