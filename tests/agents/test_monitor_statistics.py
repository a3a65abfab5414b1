"""Model Monitor's statistics beside its violations: how far, and how old."""

from datetime import timedelta

import pytest

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from incidents.evidence import Evidence
from incidents.investigation import Findings
from tests.agents.moments import NOW
from tests.agents.scenarios import bad_deployment, upstream_nulls
from tests.agents.world import World
from tools.datasets.captured import verdict_of
from tools.datasets.feature_drift import Nulls
from tools.datasets.monitored import MonitoredData, MonitoredFeature
from tools.errors import Unavailable

HEALTHY = Nulls(reference=0.001, current=0.002)


def monitored(name: str, nulls: Nulls = HEALTHY, psi: float = 0.01) -> MonitoredFeature:
    return MonitoredFeature(
        feature=name,
        nulls=nulls,
        means=(6.1, 3.8),
        deviations=(5.9, 5.2),
        psi=psi,
        binning="10 quantile bins of the reference, empty bins floored at 0.0001",
        verdict=verdict_of(psi, nulls),
    )


async def found(made: World) -> Findings:
    return await Investigator(made.sources, LlmConfig()).investigate(made.case)


def statistics(findings: Findings) -> list[Evidence]:
    return [one for one in findings.evidence if one.source == "Model Monitor" and one.asked.startswith("statistics")]


async def test_a_violation_gets_its_numbers_and_the_age_of_the_run():
    made = upstream_nulls()
    broken = monitored("last_login_days", Nulls(reference=0.001, current=0.381), 0.9)
    made.datasets.statistics = MonitoredData(
        at=NOW - timedelta(minutes=70), rows=5000, features=(broken, monitored("plan_type"))
    )
    findings = await found(made)
    (only,) = statistics(findings)
    at = f"{NOW - timedelta(minutes=70):%H:%M:%S} UTC"
    assert only.found == (
        f"Model Monitor's run of {at} (1.2 h old, 5000 rows): 38.1 % of last_login_days have no value, 0.1 % in the "
        "training data; mean 3.8, 6.1 there; standard deviation 5.2, 5.9 there; PSI 0.90 over 10 quantile bins of the "
        "reference, empty bins floored at 0.0001."
    )
    assert only.subject == "last_login_days"
    assert only.id in {e for claim in findings.diagnosis.claims for e in claim.evidence}
    assert findings.diagnosis.struck == ()


async def test_statistics_as_they_should_be_are_one_line():
    made = bad_deployment()
    made.datasets.statistics = MonitoredData(at=NOW, rows=5000, features=(monitored("a"), monitored("b", psi=0.04)))
    (only,) = statistics(await found(made))
    assert only.found.endswith("no feature differs from the training data; the highest PSI is 0.04.")


async def test_without_statistics_nothing_is_said():
    assert statistics(await found(upstream_nulls())) == []


async def test_statistics_that_cannot_be_read_are_a_gap_and_the_violations_stand(monkeypatch: pytest.MonkeyPatch):
    made = upstream_nulls()

    async def down(model: object) -> None:
        raise Unavailable("S3", "GetObject", "connection refused")

    monkeypatch.setattr(made.datasets, "monitored", down)
    findings = await found(made)
    assert "The monitor's statistics could not be read: Model Monitor did not answer." in findings.diagnosis.gaps
    assert findings.diagnosis.root_cause == "data_quality"
    assert findings.diagnosis.confidence == "high"
