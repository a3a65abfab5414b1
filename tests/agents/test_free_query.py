"""What a reasoner wrote into its own query becomes no evidence for what it says."""

from collections.abc import Mapping

import pytest

from agents.collectors.free_query import query_prometheus
from agents.collectors.lens import Lens
from agents.timing import Timing
from incidents.evidence import Evidence, EvidenceKind
from tests.agents.fake_prometheus import FakePrometheus
from tests.agents.scenarios import bad_deployment
from tests.agents.shapes import flat


async def found(promql: str, *series: tuple[Mapping[str, str], float]) -> Evidence:
    """Of a Prometheus that answers the query with these."""
    made = bad_deployment()
    made.prometheus.series = {promql: [(dict(labels), flat(value)) for labels, value in series]}
    assert isinstance(made.prometheus, FakePrometheus)
    (one,) = await query_prometheus(Lens(made.sources, Timing(), made.case), promql)
    return one.evidence


async def test_a_value_that_was_measured_is_a_figure() -> None:
    one = await found("p99 > 0.5", ({"instance": "a"}, 0.9))
    assert one.kind is EvidenceKind.METRIC
    assert [(figure.name, figure.value) for figure in one.figures] == [("instance=a", 0.9)]


@pytest.mark.parametrize("promql", ["vector(0.42)", "0 * up + 0.42", "4.2e-1 + 0*up", "-0.42 * (up == up)"])
async def test_a_number_that_is_written_in_the_query_is_no_figure(promql: str) -> None:
    one = await found(promql, ({}, -0.42 if promql.startswith("-") else 0.42))
    assert one.kind is EvidenceKind.GAP
    assert one.figures == ()


@pytest.mark.parametrize(
    "promql", ["rate(errors_total[5m])", "up{instance=~'v0.42.*'}", "p99_0_42", "errors offset 42m"]
)
async def test_a_duration_or_a_part_of_a_name_is_no_number(promql: str) -> None:
    assert [figure.value for figure in (await found(promql, ({}, 5.0), ({}, 42.0))).figures] == [5.0, 42.0]


async def test_of_several_series_those_that_measure_something_stay() -> None:
    one = await found("clamp_max(p99, 3)", ({"instance": "a"}, 3.0), ({"instance": "b"}, 1.25))
    assert [figure.value for figure in one.figures] == [1.25]
    assert "3" not in one.found


async def test_labels_that_the_query_wrote_are_not_told() -> None:
    one = await found('label_replace(up, "drift", "0.42", "", "")', ({"drift": "0.42", "instance": "a"}, 7.0))
    assert "0.42" not in one.found and one.found.startswith("instance=a is 7")
    joined = await found('label_replace(up, "drift", "0.4$1", "job", ".*(2)")', ({"drift": "0.42"}, 7.0))
    assert "0.42" not in joined.found
