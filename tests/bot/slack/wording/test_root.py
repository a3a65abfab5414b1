"""The first post of a thread, in each state. Made anew by `pytest --inline-snapshot=fix`."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

from inline_snapshot import snapshot

from tests.bot.slack.wording.said import said


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


def test_root_partly_approved() -> None:
    assert said("root partly approved") == snapshot("""\
text: product-recommender: waiting for a decision. Error rate too high and p99 latency too high. INC-7
section: :bell: *product-recommender* – waiting for a decision
Error rate too high and p99 latency too high
section: *Diagnosis:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*Decide in the thread:* Roll product-recommender-prod back to product-recommender-v23 – 1 more approval of 2 from @ml-oncall or @ml-leads, open until <04 Mar 2026 14:07 UTC as {time}>
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
text: product-recommender: recovered after 13 min 12 s. Error rate too high and p99 latency too high. INC-7
section: :white_check_mark: *product-recommender* – recovered after 13 min 12 s
Error rate too high and p99 latency too high
section: *Diagnosis:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*Done:* Roll product-recommender-prod back to product-recommender-v23
context: was critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7*
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")


def test_root_closed() -> None:
    assert said("root closed") == snapshot("""\
text: product-recommender: recovered after 13 min 12 s; closed. Error rate too high and p99 latency too high. INC-7
section: :ballot_box_with_check: *product-recommender* – recovered after 13 min 12 s; closed
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


def test_root_taken() -> None:
    assert said("root taken") == snapshot("""\
text: product-recommender: waiting for a decision. Error rate too high and p99 latency too high. INC-7
section: :bell: *product-recommender* – waiting for a decision
Error rate too high and p99 latency too high
section: :no_bell: *Marked as a false alarm* by <@ULEAD>
:raising_hand: <@UVIEWER> is on it
*Diagnosis:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*Decide in the thread:* Roll product-recommender-prod back to product-recommender-v23 – 1 approval from @ml-oncall or @ml-leads, open until <04 Mar 2026 14:07 UTC as {time}>
context: :red_circle: critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7*
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")


def test_root_closed_by_hand() -> None:
    assert said("root closed by hand") == snapshot("""\
text: product-recommender: closed by <@ULEAD>. Error rate too high and p99 latency too high. INC-7
section: :ballot_box_with_check: *product-recommender* – closed by <@ULEAD>
Error rate too high and p99 latency too high
section: *Diagnosis:* Bad deployment: endpoint config product-recommender-v24 (high confidence)
*Why:* Closed: the source was repaired by hand
context: was critical · tier 2 · prod · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · *INC-7*
context: <https://grafana.example/d/ml?var-model=product-recommender&amp;x=1|Dashboard> · <https://runbooks.example/EndpointLatencyP99High.md|Runbook> · <http://prometheus.example:9090/graph?g0.expr=x|Prometheus>\
""")
