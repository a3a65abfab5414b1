"""What the one who took, ended or marked an incident, or asked for a proposal, is told."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

from inline_snapshot import snapshot

from tests.bot.slack.every_kind import HANDLED, PUT_UP
from tests.bot.slack.wording.said import said


def test_handled() -> None:
    assert {one: said(f"handled {one}").split("\n")[0] for one in HANDLED} == snapshot(
        {
            "acked": "text: You are on INC-7 (fraud-detector); its first post says so.",
            "acked_before": "text: You took INC-7 (fraud-detector) before, <04 Mar 2026 14:04 UTC as {date_short} at {time}>.",
            "closed": "text: INC-7 (fraud-detector) is closed. 2 proposals taken back. Nothing more runs for it.",
            "closed_before": "text: INC-7 (fraud-detector) is closed already by <@UONCALL>, <04 Mar 2026 14:04 UTC as {date_short} at {time}>. Nothing was changed.",
            "under_way": "text: INC-7 (fraud-detector) cannot be closed now: Why.. To stop what is not sent yet: `/agentops pause`. Close it once its thread says that the change has ended.",
            "false_alarm": "text: INC-7 (fraud-detector) is marked as a false alarm. Say it again to take that back.",
            "false_alarm_undone": "text: INC-7 (fraud-detector) is not marked as a false alarm any more.",
            "false_alarm_before": "text: INC-7 (fraud-detector) was marked as a false alarm by <@UONCALL>, <04 Mar 2026 14:04 UTC as {date_short} at {time}>; only they can take that back.",
            "over": "text: INC-7 (fraud-detector) is over; there is nothing to take.",
            "refused": "text: That does not count. Why. Nothing was changed.",
            "not_found": "text: There is no incident `INC-7` here. Nothing was changed.",
        }
    )


def test_asked() -> None:
    assert {one: said(f"asked {one}").split("\n")[0] for one in PUT_UP if one != "shown"} == snapshot(
        {
            "put_up": "text: “Roll back” is put up in <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7>.",
            "not_put_up": "text: “Roll back” is not proposed: SageMaker could not be read. Nothing was changed.",
            "unusable": "text: SageMaker could not be read",
            "refused": "text: That does not count. SageMaker could not be read Nothing was changed.",
            "not_found": "text: There is no proposal `p5` here. Nothing was changed.",
            "asked_before": "text: “Roll back” has been asked for again already; its new card stands in the thread.",
            "not_expired": "text: “Roll back” cannot be asked for again: SageMaker could not be read. Nothing was changed.",
        }
    )


def test_asked_shown() -> None:
    assert said("asked shown") == snapshot("""\
text: Only shown: fraud-detector: put version 42 live
section: *Only shown, not proposed:* fraud-detector: put version 42 live
*The policy:* asks for 2 approvals from @ml-oncall
:warning: SageMaker could not be read
row: What | Before | After
row: Live model | version 41 | version 42
row: Endpoint config | fraud-detector-v41 | a new one for this version
row: Traffic | all on fraud-detector-v41 | 10 % for 5 min, then all of it
row: Taken back by itself | – | when an alarm fires: fraud-detector-errors, fraud-detector-latency
row: Instances | 2 x ml.m5.xlarge | the same
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
UpdateEndpoint back to fraud-detector-v41, which stays in SageMaker.
context: Checked: fraud-detector-prod is InService; both alarms are OK | Nothing was written and nothing is sent · rule: a tier-1 production change needs two approvers\
""")
