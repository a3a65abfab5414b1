"""The card of each kind of remediation. Made anew by `pytest --inline-snapshot=fix`."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

from inline_snapshot import snapshot

from tests.bot.slack.wording.said import said


def test_proposal_quarantine_pending() -> None:
    assert said("proposal quarantine pending") == snapshot("""\
text: Waiting for a decision: fraud-detector: quarantine the data of 04 Mar 12:00 to 04 Mar 14:00 UTC
header: fraud-detector: quarantine the data of 04 Mar 12:00 to 04 Mar 14:00 UTC
section: :bell: *Waiting for a decision* – 2 approvals from @ml-oncall needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>.
An origin.
section: *What:* Quarantine the data of 04 Mar 12:00 to 04 Mar 14:00 UTC in agentops-churn-predictor
*Why:* It follows from the diagnosis. [E1, E2]
row: What | Before | After
row: Data of the window | 24 objects under capture/ | tagged as quarantined
row: Content | as it is | unchanged: nothing is deleted, moved or rewritten
row: Training | may read them | leaves them out
section: *Exactly this is sent, in this order*
preformatted: s3 PutObject
{
  "Bucket": "agentops-churn-predictor",
  "Key": "quarantine/xp4f1c09.json",
  "Body": "(the manifest: 24 objects, each with its key and ETag; 2,046 characters)",
  "ContentType": "application/json"
}
section: s3 PutObjectTagging, once for each of 24 objects; the first:
preformatted: s3 PutObjectTagging
{
  "Bucket": "agentops-churn-predictor",
  "Key": "capture/2026/03/04/12/part-000.jsonl",
  "Tagging": {
    "TagSet": [
      {
        "Key": "agentops:quarantine",
        "Value": "xp4f1c09"
      },
      {
        "Key": "team",
        "Value": "growth"
      }
    ]
  }
}
bullet: `capture/2026/03/04/12/part-001.jsonl`
bullet: `capture/2026/03/04/12/part-002.jsonl`
bullet: `capture/2026/03/04/12/part-003.jsonl`
section: and 20 more, listed in the manifest
section: *Risk*
low: it costs time and money; production stays as it is | *Estimate*
about 1 min, no cost (one small call an object) | *How to undo it*
Release the window: the tags are taken off again, the data is untouched. | *It counts as done when*
• every object of the window carries the tag, with its content unchanged
context: Checked: fraud-detector-prod is InService; both alarms are OK | Digest `0f11fb8e` · proposal `p4f1c09` · INC-7 · policy: a tier-1 production change needs two approvers · timeline entry 3, c442543e
button: Approve = p4f1c09, asks: fraud-detector: quarantine the data of 04 Mar 12:00 to 04 Mar 14:00 UTC. Data of the window: 24 objects under capture/ → tagged as quarantined. Digest 0f11fb8e. It runs once 2 people have approved.
button: Deny… = p4f1c09
button: Break glass… = p4f1c09\
""")


def test_proposal_release_pending() -> None:
    assert said("proposal release pending") == snapshot("""\
text: Waiting for a decision: fraud-detector: release the data of 04 Mar 12:00 to 04 Mar 14:00 UTC
header: fraud-detector: release the data of 04 Mar 12:00 to 04 Mar 14:00 UTC
section: :bell: *Waiting for a decision* – 2 approvals from @ml-oncall needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>.
An origin.
section: *What:* Release the data of 04 Mar 12:00 to 04 Mar 14:00 UTC in agentops-churn-predictor
*Why:* It follows from the diagnosis. [E1, E2]
row: What | Before | After
row: Data of the window | 1 object under capture/ | no longer tagged
row: Content | as it is | unchanged: nothing is deleted, moved or rewritten
row: Training | may read them | may read them again
section: *Exactly this is sent, in this order*
preformatted: s3 PutObject
{
  "Bucket": "agentops-churn-predictor",
  "Key": "quarantine/xp4f1c09.json",
  "Body": "(the manifest: 1 object, each with its key and ETag; 212 characters)",
  "ContentType": "application/json"
}
preformatted: s3 PutObjectTagging
{
  "Bucket": "agentops-churn-predictor",
  "Key": "capture/2026/03/04/12/part-000.jsonl",
  "Tagging": {
    "TagSet": [
      {
        "Key": "team",
        "Value": "growth"
      }
    ]
  }
}
section: *Risk*
low: it costs time and money; production stays as it is | *Estimate*
about 1 min, no cost (one small call an object) | *How to undo it*
Quarantine the same window again. | *It counts as done when*
• every object of the window no longer carries the tag, with its content unchanged
context: Checked: fraud-detector-prod is InService; both alarms are OK | Digest `563d2c13` · proposal `p4f1c09` · INC-7 · policy: a tier-1 production change needs two approvers · timeline entry 3, c442543e
button: Approve = p4f1c09, asks: fraud-detector: release the data of 04 Mar 12:00 to 04 Mar 14:00 UTC. Data of the window: 1 object under capture/ → no longer tagged. Digest 563d2c13. It runs once 2 people have approved.
button: Deny… = p4f1c09
button: Break glass… = p4f1c09\
""")


def test_proposal_shift_pending() -> None:
    assert said("proposal shift pending") == snapshot("""\
text: Waiting for a decision: fraud-detector: shift traffic, 100 % to v23, 0 % to v24
header: fraud-detector: shift traffic, 100 % to v23, 0 % to v24
section: :bell: *Waiting for a decision* – 2 approvals from @ml-oncall needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>.
An origin.
section: *What:* Shift the traffic of product-recommender-prod: v23 100 %, v24 0 %
*Why:* It follows from the diagnosis. [E1, E2]
row: What | Before | After
row: Traffic | v23 0 %, v24 100 % | v23 100 %, v24 0 %
row: Endpoint config | product-recommender-v24 | unchanged
row: Instance counts | as they are | kept
section: *Exactly this is sent, in this order*
preformatted: sagemaker UpdateEndpointWeightsAndCapacities
{
  "EndpointName": "product-recommender-prod",
  "DesiredWeightsAndCapacities": [
    {
      "VariantName": "v23",
      "DesiredWeight": 1.0
    },
    {
      "VariantName": "v24",
      "DesiredWeight": 0.0
    }
  ]
}
section: *Risk*
high: it changes what serves production | *Estimate*
about 1 min (typical change of weights; no added running cost) | *How to undo it*
The same call with the weights of before: v23 0 %, v24 100 %. | *It counts as done when*
• product-recommender-prod is InService with the traffic at v23 100 %, v24 0 %
• every alert expression that fired is inside its threshold at every sample of the window
context: Checked: fraud-detector-prod is InService; both alarms are OK | Digest `f03d4bba` · proposal `p4f1c09` · INC-7 · policy: a tier-1 production change needs two approvers · timeline entry 3, c442543e
button: Approve = p4f1c09, asks: fraud-detector: shift traffic, 100 % to v23, 0 % to v24. Traffic: v23 0 %, v24 100 % → v23 100 %, v24 0 %. Digest f03d4bba. It runs once 2 people have approved.
button: Deny… = p4f1c09
button: Break glass… = p4f1c09\
""")


def test_proposal_retraining_pending() -> None:
    assert said("proposal retraining pending") == snapshot("""\
text: Waiting for a decision: fraud-detector: train a candidate; nothing goes live
header: fraud-detector: train a candidate; nothing goes live
section: :bell: *Waiting for a decision* – 2 approvals from @ml-oncall needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>.
An origin.
section: *What:* Retrain with pipeline fraud-detector-train
*Why:* It follows from the diagnosis. [E1, E2]
row: What | Before | After
row: Training run | none | one run of fraud-detector-train
row: Training data | as at the last training | 04 Feb 14:00 to 04 Mar 14:00 UTC
row: Live endpoint | unchanged | unchanged: a candidate is registered, not deployed
section: *Exactly this is sent, in this order*
preformatted: sagemaker StartPipelineExecution
{
  "PipelineName": "fraud-detector-train",
  "PipelineExecutionDisplayName": "agentops-xp4f1c09",
  "PipelineExecutionDescription": "Started by AgentOps after approval.",
  "PipelineParameters": [
    {
      "Name": "TrainingWindowStart",
      "Value": "2026-02-04T14:00:00Z"
    },
    {
      "Name": "TrainingWindowEnd",
      "Value": "2026-03-04T14:00:00Z"
    }
  ],
  "ClientRequestToken": "agentops-xp4f1c09---------------"
}
section: *Risk*
low: it costs time and money; production stays as it is | *Estimate*
about 1 h, no cost (as the catalogue expects) | *How to undo it*
StopPipelineExecution while it runs; afterwards nothing: the candidate is not deployed. | *It counts as done when*
• the pipeline run ends Succeeded and registers a candidate
• the candidate is not worse than the live model on the gate metric by more than the margin
context: Checked: fraud-detector-prod is InService; both alarms are OK | Digest `3e8558d4` · proposal `p4f1c09` · INC-7 · policy: a tier-1 production change needs two approvers · timeline entry 3, c442543e
button: Approve = p4f1c09, asks: fraud-detector: train a candidate; nothing goes live. Training run: none → one run of fraud-detector-train. Digest 3e8558d4. It runs once 2 people have approved.
button: Deny… = p4f1c09
button: Break glass… = p4f1c09\
""")


def test_proposal_rerun_pending() -> None:
    assert said("proposal rerun pending") == snapshot("""\
text: Waiting for a decision: fraud-detector: run subscriber-features again from 04 Mar 12:00 UTC
header: fraud-detector: run subscriber-features again from 04 Mar 12:00 UTC
section: :bell: *Waiting for a decision* – 2 approvals from @ml-oncall needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>.
An origin.
section: *What:* Run data pipeline subscriber-features again from 04 Mar 12:00 UTC
*Why:* It follows from the diagnosis. [E1, E2]
row: What | Before | After
row: Data pipeline run | none | one run of subscriber-features
row: Features | broken since 04 Mar 12:00 UTC | filled again from 04 Mar 12:00 UTC
row: Live endpoint | unchanged | unchanged
section: *Exactly this is sent, in this order*
preformatted: sagemaker StartPipelineExecution
{
  "PipelineName": "subscriber-features",
  "PipelineExecutionDisplayName": "agentops-xp4f1c09",
  "PipelineExecutionDescription": "Started by AgentOps after approval.",
  "PipelineParameters": [
    {
      "Name": "WindowStart",
      "Value": "2026-03-04T12:00:00Z"
    }
  ],
  "ClientRequestToken": "agentops-xp4f1c09---------------"
}
section: *Risk*
low: it costs time and money; production stays as it is | *Estimate*
about 15 min, no cost (as the catalogue expects) | *How to undo it*
StopPipelineExecution while it runs; afterwards run it again once the source is right. | *It counts as done when*
• the pipeline run ends Succeeded
• every alert expression that fired is inside its threshold at every sample of the window
context: Checked: fraud-detector-prod is InService; both alarms are OK | Digest `1a0a8549` · proposal `p4f1c09` · INC-7 · policy: a tier-1 production change needs two approvers · timeline entry 3, c442543e
button: Approve = p4f1c09, asks: fraud-detector: run subscriber-features again from 04 Mar 12:00 UTC. Data pipeline run: none → one run of subscriber-features. Digest 1a0a8549. It runs once 2 people have approved.
button: Deny… = p4f1c09
button: Break glass… = p4f1c09\
""")
