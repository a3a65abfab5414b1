"""The card of a promotion: candidate and live, figure by figure. Made anew by `pytest --inline-snapshot=fix`."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

from inline_snapshot import snapshot

from tests.bot.slack.wording.said import said


def test_proposal_promotion_compared() -> None:
    assert said("proposal promotion compared") == snapshot("""\
text: Waiting for a decision: fraud-detector: put version 42 live
header: fraud-detector: put version 42 live
section: :bell: *Waiting for a decision* – 2 approvals from @ml-oncall needed, by <04 Mar 2026 14:07 UTC as {date_short} at {time}>.
An origin.
section: *What:* Promote version 42 of fraud-detector to fraud-detector-prod
*Why:* It follows from the diagnosis. [E1, E2]
row: What | Before | After
row: Live model | version 41 | version 42
row: Endpoint config | fraud-detector-v41 | a new one for this version
row: Traffic | all on fraud-detector-v41 | 10 % for 5 min, then all of it
row: Taken back by itself | – | when an alarm fires: fraud-detector-errors, fraud-detector-latency
row: Instances | 2 x ml.m5.xlarge | the same
section: A decision of its own: whoever approved the training has not approved this.
*Canary:* 10 % of the capacity first, watched for 5 min; then all of it, watched as long again before the old fleet goes.
section: :white_check_mark: *Candidate version 42 passes its gate against version 41*, by f1 with a margin of 0.01
section: *Candidate and live, on the same rows*
preformatted: figure                        candidate  live   change
f1                            0.912      0.871  +0.041  better
precision                     0.931      0.929  +0.002  within margin
recall                        0.894      0.820  +0.074  better
  merchant_category=travel-0  0.890      0.890  +0.000  not judged, 180 rows
  merchant_category=travel-1  0.885      0.890  -0.005  within margin, 880 rows
section: *Exactly this is sent, in this order*
preformatted: sagemaker UpdateModelPackage
{
  "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud-detector/42",
  "ModelApprovalStatus": "Approved",
  "ApprovalDescription": "AgentOps execution xp4f1c09"
}
preformatted: sagemaker CreateModel
{
  "ModelName": "fraud-detector-v42-xp4f1c09",
  "ExecutionRoleArn": "arn:aws:iam::123456789012:role/sagemaker-execution",
  "PrimaryContainer": {
    "ModelPackageName": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud-detector/42"
  }
}
preformatted: sagemaker CreateEndpointConfig
{
  "EndpointConfigName": "fraud-detector-v42-xp4f1c09",
  "ProductionVariants": [
    {
      "VariantName": "AllTraffic",
      "ModelName": "fraud-detector-v42-xp4f1c09",
      "InstanceType": "ml.m5.xlarge",
      "InitialInstanceCount": 2,
      "InitialVariantWeight": 1.0
    }
  ]
}
preformatted: sagemaker UpdateEndpoint
{
  "EndpointName": "fraud-detector-prod",
  "EndpointConfigName": "fraud-detector-v42-xp4f1c09",
  "RetainAllVariantProperties": true,
  "DeploymentConfig": {
    "BlueGreenUpdatePolicy": {
      "TrafficRoutingConfiguration": {
        "Type": "CANARY",
        "CanarySize": {
          "Type": "CAPACITY_PERCENT",
          "Value": 10
        },
        "WaitIntervalInSeconds": 300
      },
      "TerminationWaitInSeconds": 300,
      "MaximumExecutionTimeoutInSeconds": 1800
    },
    "AutoRollbackConfiguration": {
      "Alarms": [
        {
          "AlarmName": "fraud-detector-errors"
        },
        {
          "AlarmName": "fraud-detector-latency"
        }
      ]
    }
  }
}
section: *Risk*
high: it changes what serves production | *Estimate*
about 20 min (a typical update and two bakes; twice the instances meanwhile) | *How to undo it*
UpdateEndpoint back to fraud-detector-v41, which stays in SageMaker. | *It counts as done when*
• fraud-detector-prod is InService on the new config with no failure reason
• errors, latency and drift of fraud-detector stay inside their thresholds for 5 minutes or more
• every alert expression that fired is inside its threshold at every sample of the window
context: Checked: fraud-detector-prod is InService; both alarms are OK | Digest `ee8a7e18` · proposal `p4f1c09` · INC-7 · policy: a tier-1 production change needs two approvers · timeline entry 3, c442543e
button: Approve = p4f1c09, asks: fraud-detector: put version 42 live. Live model: version 41 → version 42. Digest ee8a7e18. It runs once 2 people have approved.
button: Deny… = p4f1c09
button: Break glass… = p4f1c09\
""")


def test_proposal_promotion_that_fails_names_the_slices_and_that_the_holdout_differs() -> None:
    lines = said("proposal promotion that fails").split("\n")
    begin = next(n for n, line in enumerate(lines) if "its gate" in line)
    assert "\n".join(lines[begin : begin + 6]) == snapshot("""\
section: :x: *Candidate version 42 fails its gate against version 41*, by f1 with a margin of 0.01
:warning: The live model's figures are from its own, older holdout.
preformatted: figure                        candidate  live   change
f1                            0.912      0.950  -0.038  WORSE
precision                     0.931      0.900  +0.031  better
  merchant_category=travel-0  0.890      –      –       not judged, 180 rows\
""")
