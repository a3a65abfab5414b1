import pytest

from tools.prometheus.traffic import traffic_of


def test_the_traffic_of_a_ratio_of_rates_is_its_denominator() -> None:
    ratio = "sum by (endpoint) (rate(errors_total[5m])) / sum by (endpoint) (rate(requests_total[5m]))"
    assert traffic_of(f"({ratio})") == "sum by (endpoint) (rate(requests_total[5m]))"


@pytest.mark.parametrize(
    "expression", ["1 - a / b", "a / b", "rate(a[5m])", "histogram_quantile(0.99, sum by (le) (rate(x[5m])))", "((("]
)
def test_what_is_no_ratio_of_rates_has_no_traffic_to_ask_for(expression: str) -> None:
    assert traffic_of(expression) is None
