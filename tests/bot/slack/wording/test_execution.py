"""How a change comes along, and whether it helped. Made anew by `pytest --inline-snapshot=fix`."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

from inline_snapshot import snapshot

from tests.bot.slack.wording.said import said


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
text: Not sent: product-recommender: roll back to product-recommender-v23
section: :no_entry: *Not sent:* product-recommender: roll back to product-recommender-v23
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
row: Signal | Has to stay | Worst value | Verdict
row: p99 latency | below 1 s | 0.231 s | recovered
row: Error rate | below 5 % | 0.4 % | recovered
context: 2 signals, each judged by its alert's own expression; 21 samples each\
""")


def test_verification_failed() -> None:
    assert said("verification failed") == snapshot("""\
text: Not recovered.
section: :x: *Not recovered* – after 2 min 30 s of watching.
row: Signal | Has to stay | Worst value | Verdict
row: p99 latency | below 1 s | 0.231 s | inconclusive: samples are missing
row: Error rate | below 5 % | 0.4 % | inconclusive: samples are missing
context: 2 signals, each judged by its alert's own expression; 21 samples each\
""")


def test_verification_inconclusive() -> None:
    assert said("verification inconclusive") == snapshot("""\
text: Cannot be told.
section: :warning: *Cannot be told* – after 2 min 30 s of watching.
row: Signal | Has to stay | Worst value | Verdict
row: p99 latency | below 1 s | 0.231 s | inconclusive: samples are missing
row: Error rate | below 5 % | 0.4 % | inconclusive: samples are missing
context: 2 signals, each judged by its alert's own expression; 21 samples each\
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


def test_execution_of_a_canary() -> None:
    assert said("execution of a canary") == snapshot("""\
text: Under way: fraud-detector: put version 42 live
section: :arrows_counterclockwise: *Under way:* fraud-detector: put version 42 live
SageMaker says Updating
section: *Sent:* 4 of 4 calls
:white_check_mark: sagemaker UpdateModelPackage – answered
:white_check_mark: sagemaker CreateModel – answered
:white_check_mark: sagemaker CreateEndpointConfig – answered
:white_check_mark: sagemaker UpdateEndpoint – answered
*Canary:*
• <04 Mar 2026 14:04 UTC as {time_secs}> 10 % of the capacity serves on the new config
• <04 Mar 2026 14:09 UTC as {time_secs}> all traffic is on the new config
context: EndpointArn: `arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x`
context: digest `ee8a7e18` · began <04 Mar 2026 14:04 UTC as {time_secs}> · 1 min 54 s\
""")


def test_execution_paused() -> None:
    assert said("execution paused") == snapshot("""\
text: Paused: fraud-detector: put version 42 live
section: :double_vertical_bar: *Paused:* fraud-detector: put version 42 live
Changes are paused before call 3 of 4 by <@UVIEWER>. It goes on once an approver resumes: `/agentops resume`.
section: *Sent:* 2 of 4 calls
:white_check_mark: sagemaker UpdateModelPackage – answered
:white_check_mark: sagemaker CreateModel – answered
:white_circle: sagemaker CreateEndpointConfig – not sent yet
:white_circle: sagemaker UpdateEndpoint – not sent yet
context: EndpointArn: `arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x`
context: digest `ee8a7e18` · began <04 Mar 2026 14:04 UTC as {time_secs}> · 1 min 54 s\
""")
