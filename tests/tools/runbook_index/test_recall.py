"""How well the shipped runbooks are found, without any download: by alert, by an alert's text alone, by questions."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tools.runbook_index.corpus import corpus
from tools.runbook_index.embedding import WordLlamaEmbedder
from tools.runbook_index.index import RunbookIndex, read_markdown
from tools.runbook_index.records import RunbookHit

ROOT = Path(__file__).parents[3]
LABELLED: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "labelled_questions.yaml").read_text("utf-8"))
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "manifests/prometheus/agentops.rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
    if "alert" in rule
]
VALUES = {"feature": "amount", "model": "fraud-detector", "endpoint": "fraud-detector-prod", "value": "0.31"}
"""What stands in an alert where its rule has a template."""


class Figures(NamedTuple):
    at_1: float
    at_5: float
    mrr: float


def figures(found: Sequence[tuple[Sequence[RunbookHit], Sequence[str]]]) -> Figures:
    """Recall at 1 and at 5 and mean reciprocal rank, by page."""
    places = [next((at for at, hit in enumerate(hits[:5]) if hit.file in pages), None) for hits, pages in found]
    total = len(places)
    return Figures(
        sum(place == 0 for place in places) / total,
        sum(place is not None for place in places) / total,
        sum(1 / (place + 1) for place in places if place is not None) / total,
    )


def text_of(rule: dict[str, Any]) -> str:
    """Summary and description as Alertmanager sends them."""
    told = f"{rule['annotations']['summary']} {rule['annotations'].get('description', '')}"
    return re.sub(r"\{\{.*?(feature|model|endpoint|value).*?\}\}", lambda found: VALUES[found[1]], told)


def test_an_alert_finds_its_own_page_first(shipped: RunbookIndex) -> None:
    found = [(shipped.search(text_of(rule), alert=rule["alert"]), [f"{rule['alert']}.md"]) for rule in RULES]
    assert len({rule["alert"] for rule in RULES}) >= 15
    assert figures(found).at_1 == 1.0


def test_an_alert_s_text_finds_its_page_where_no_name_helps(wordllama: WordLlamaEmbedder, tmp_path: Path) -> None:
    """Names are masked on both sides: in the alert, in every page and in the names of files."""
    names = sorted({str(rule["alert"]) for rule in RULES})
    any_name = re.compile("|".join(names))
    masked: dict[str, str] = {}
    for number, (file, text) in enumerate(sorted(read_markdown(ROOT / "runbooks").items())):
        masked[file] = f"{Path(file).parent.as_posix()}/page-{number}.md".removeprefix("./")
        (tmp_path / masked[file]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / masked[file]).write_text(any_name.sub("this alert", text), "utf-8")
    with corpus(tmp_path, wordllama) as index:
        found: list[tuple[Sequence[RunbookHit], Sequence[str]]] = []
        for rule in RULES:
            told = any_name.sub("", text_of(rule))
            found.append((index.search(told, alert=""), [masked[f"{rule['alert']}.md"]]))
    told = figures(found)
    assert told.at_5 >= 0.98 and told.at_1 >= 0.6, told


def test_texts_of_unknown_alerts_find_their_page(shipped: RunbookIndex) -> None:
    found = [(shipped.search(case["text"], alert="OurOwnRule"), case["pages"]) for case in LABELLED["alerts"]]
    told = figures(found)
    assert told.at_5 >= 0.98 and told.at_1 >= 0.65 and told.mrr >= 0.80, told


def test_people_s_questions_find_their_page(shipped: RunbookIndex) -> None:
    found = [(shipped.search(case["q"]), case["pages"]) for case in LABELLED["answerable"]]
    assert len(found) >= 60
    told = figures(found)
    assert told.at_5 >= 0.85 and told.at_1 >= 0.66 and told.mrr >= 0.74, told


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ("p99 latency after a deployment", "EndpointLatencyP99High.md"),
        ("high null rate since the new release", "FeatureNullRateHigh.md"),
        ("what does a low F1 mean after a release?", "ModelF1Low.md"),
    ],
)
def test_a_page_whose_title_says_what_is_asked_is_among_the_first_three(
    shipped: RunbookIndex, asked: str, page: str
) -> None:
    """Also where other pages hold the question's other words more often; a title is read in its words."""
    assert page in [hit.file for hit in shipped.search(asked)[:3]]


@pytest.mark.parametrize("name", ["first", "second"])
def test_each_half_of_the_questions_is_found(shipped: RunbookIndex, name: str) -> None:
    """Thresholds were chosen on the even places; the odd ones were held out."""
    half = LABELLED["answerable"][0 if name == "first" else 1 :: 2]
    assert figures([(shipped.search(case["q"]), case["pages"]) for case in half]).at_5 >= 0.75
