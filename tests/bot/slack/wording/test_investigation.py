"""What an investigation posts: progress, chart, diagnosis, evidence, advice. Made anew by `pytest --inline-snapshot=fix`."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

from inline_snapshot import snapshot

from tests.bot.slack.wording.said import said


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
*What next:* Roll back – put up for approval below.
section: :warning: *Could not be read:* the data capture of the last hour
section: *What speaks for it*
bullet: p99 is 12 times what it was before the deployment. [E1, E2]
bullet: Nothing else changed in the hour before. [E2]
section: *Should it be retrained?* No: The inputs did not change. [E1]
section: *What the runbooks say*
section: <https://runbooks.example/main/EndpointLatencyP99High.md#L21-L21|EndpointLatencyP99High.md> › Mitigation, line 21
quote: If it began with a deployment, roll back first and look for the reason afterwards.
section: *Seen before*
• <https://sandbox.slack.example/archives/C0INCIDENTS/p1700000000000100|INC-12>, 3 weeks ago, same model: bad deployment (product-recommender-v18). *Worked:* rolled back to product-recommender-v17: recovered in 6 min, verified. *Did not work:* retrained with recommender-training: the candidate failed its gate. In a person’s words: “the data was fine”
context: Written by the offline rules, no language model · 0.4 s | high confidence: right in 81 of 94 test cases not seen before\
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


def test_diagnosis_again() -> None:
    assert said("diagnosis again") == snapshot("""\
text: Looked again, the diagnosis stays: Bad deployment: endpoint config product-recommender-v24 (high confidence)
section: *Looked again, the diagnosis stays:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*New since the last look:* error rate too high (critical)
*What next:* Roll back – waits for approval on the card above.
section: :warning: *Could not be read:* the data capture of the last hour
section: *How it stands now*
bullet: p99 is 12 times what it was before the deployment. [E1, E2]
bullet: Nothing else changed in the hour before. [E2]
context: Written by the offline rules, no language model · 0.4 s\
""")


def test_evidence_again() -> None:
    assert said("evidence again") == snapshot("""\
text: Evidence, read again: 2 of 3 facts
section: *Evidence, read again: 2 of 3 facts*
bullet: *E1* metric, prometheus: p99 rose from 0.21 s to 2.5 s at 13:58 <http://prometheus.example:9090/graph?g0.expr=p99|open>
bullet: *E2* change, sagemaker: product-recommender-v24 went live at 13:57, after v23
section: *Struck out, since the evidence does not say so (1 statement):*
• ~The database is slow.~ – it names no evidence\
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
