"""The runbooks as the team keeps them: complete, linked, and one for every alert rule."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from incidents.diagnosis import RootCause
from tools.runbook_index.passages import has_content, kind_of, passages

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "runbooks"
PAGES = sorted(path.relative_to(RUNBOOKS).as_posix() for path in RUNBOOKS.rglob("*.md"))
HEADINGS = ("Meaning", "Impact", "Diagnosis", "Mitigation")
CLASSES = {cause.value for cause in RootCause}
_METRIC = re.compile(r"\bml_[a-z0-9_]+")


def _rules() -> list[dict[str, Any]]:
    files = [path for path in (ROOT / "manifests/prometheus").glob("*.rules.yml")]
    assert files
    return [
        rule
        for path in files
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]


def _read(page: str) -> str:
    return (RUNBOOKS / page).read_text("utf-8")


def _pages(kind: str) -> list[str]:
    return [page for page in PAGES if kind_of(page) == kind]


def test_every_alert_rule_has_a_runbook_and_every_runbook_a_rule() -> None:
    names = {rule["alert"] for rule in _rules()}
    assert {Path(page).stem for page in _pages("runbook")} == names


def test_every_runbook_url_of_a_rule_ends_with_its_page() -> None:
    for rule in _rules():
        assert rule["annotations"]["runbook_url"].endswith(f"/{rule['alert']}.md")


@pytest.mark.parametrize("page", _pages("runbook"))
def test_runbook_has_its_four_headings_in_order_and_none_is_empty(page: str) -> None:
    cut = passages(page, _read(page))
    assert cut[0].title == Path(page).stem
    top = list(dict.fromkeys(piece.heading.split(" > ")[0] for piece in cut if piece.heading != piece.title))
    assert tuple(top) == HEADINGS
    for heading in HEADINGS:
        assert any(has_content(piece) for piece in cut if piece.heading.startswith(heading))


@pytest.mark.parametrize("page", _pages("runbook"))
def test_runbook_decides_in_numbered_steps_and_names_whom_to_call(page: str) -> None:
    mitigation = _read(page).split("## Mitigation")[1]
    steps = [int(number) for number in re.findall(r"^(\d+)\. ", mitigation, flags=re.MULTILINE)]
    assert steps == list(range(1, len(steps) + 1)) and len(steps) >= 4
    assert "Recovered means:" in mitigation
    assert re.search(r"^Escalate:\n\n- To ", mitigation, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_page_that_is_there(page: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", _read(page)):
        assert not target.startswith("http"), "pages stand on their own"
        assert ((RUNBOOKS / page).parent / target).resolve().is_file(), target


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_one_title_and_no_heading_twice(page: str) -> None:
    cut = passages(page, _read(page))
    headings = [
        line for line in re.sub(r"```.*?```", "", _read(page), flags=re.DOTALL).split("\n") if line.startswith("#")
    ]
    assert sum(line.startswith("# ") for line in headings) == 1
    assert headings[0] == f"# {cut[0].title}"
    assert len(set(headings)) == len(headings)


@pytest.mark.parametrize("page", PAGES)
def test_every_code_fence_is_closed_and_says_its_language(page: str) -> None:
    fences = re.findall(r"^ *```(.*)$", _read(page), flags=re.MULTILINE)
    assert len(fences) % 2 == 0
    assert all(fence in ("bash", "promql") for fence in fences[::2])
    assert all(fence == "" for fence in fences[1::2])


def test_pages_name_only_metrics_that_are_scraped() -> None:
    rules = "\n".join(rule["expr"] for rule in _rules())
    known = {re.sub(r"_(bucket|sum|count)$", "", name) for name in _METRIC.findall(rules)} | {
        "ml_endpoint_memory_utilization_ratio",
        "ml_endpoint_instances",
        "ml_label_delay_seconds",
        "ml_endpoint_config_info",
    }
    for page in PAGES:
        named = {re.sub(r"_(bucket|sum|count)$", "", name) for name in _METRIC.findall(_read(page))}
        assert named <= known, page


def test_models_pipelines_and_sources_are_those_of_the_catalogue() -> None:
    catalogue = yaml.safe_load((ROOT / "manifests/models.yaml").read_text("utf-8"))["models"]
    retraining = _read("procedures/retraining.md")
    rerun = _read("procedures/quarantine-and-rerun.md")
    for name, model in catalogue.items():
        terms = model["retraining"]
        row = (
            f"| {name} | {terms['pipeline']} | {terms['window_days']} days | {terms['expected_minutes']} min "
            f"| {terms['expected_cost_usd']:.2f} USD |"
        )
        assert row in retraining
        assert f"| {name} | {model['data']['pipeline']} | {model['data']['source']} |" in rerun


@pytest.mark.parametrize("page", _pages("incident"))
def test_past_incident_says_what_worked_and_what_did_not(page: str) -> None:
    text = _read(page)
    assert re.fullmatch(r"INC-2026-\d{4}", Path(page).stem)
    assert text.startswith(f"# {Path(page).stem}: ")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == [
        "Summary",
        "Timeline",
        "Root cause",
        "What worked",
        "What did not",
        "Follow-ups",
    ]
    (root_cause,) = re.findall(r"^- Root-cause class: `(\w+)`$", text, flags=re.MULTILINE)
    assert root_cause in CLASSES
    assert re.search(r"\]\(\.\./\w+\.md\)", text), "links the alerts it began with"


def test_past_incidents_cover_every_root_cause_class() -> None:
    text = "".join(_read(page) for page in _pages("incident"))
    assert set(re.findall(r"Root-cause class: `(\w+)`", text)) == CLASSES
    assert len(_pages("incident")) >= 10


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (
            "EndpointLatencyP99High.md",
            "If the endpoint config changed in the 30 minutes before onset and input drift is flat, "
            "roll back to the last known good config.",
        ),
        ("EndpointLatencyP99High.md", "scale out; do not roll back and do not retrain."),
        (
            "ModelFeatureDriftHigh.md",
            "If inputs drifted, data is clean, no deployment preceded it and quality fell by more than 5 %, "
            "retrain on a recent window.",
        ),
        (
            "ModelFeatureDriftHigh.md",
            "If PSI is between 0.1 and 0.25 and quality is unchanged (within 5 % of its baseline), "
            "watch; do not retrain.",
        ),
        ("FeatureNullRateHigh.md", "do not retrain: quarantine the window and re-run the data pipeline"),
        ("SchemaViolationRateHigh.md", "quarantine the window from the onset and re-run the data pipeline"),
        ("EndpointCpuSaturated.md", "scale out; keep the model and the config as they are."),
    ],
)
def test_the_decisions_that_diagnoses_cite_stand_on_one_line(page: str, sentence: str) -> None:
    assert any(sentence in line for line in _read(page).split("\n"))
