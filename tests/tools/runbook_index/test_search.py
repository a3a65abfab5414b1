from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.runbook_index.index import RunbookIndex
from tools.runbook_index.lexical import words

ROOT = Path(__file__).parents[3]
LABELLED: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "labelled_questions.yaml").read_text("utf-8"))


def test_incidents_like_the_scenarios_are_found_first(shipped: RunbookIndex) -> None:
    for case in LABELLED["incidents"]:
        hits = shipped.search_incidents(case["text"])
        assert hits[0].file == case["page"]
        assert {hit.kind for hit in hits} == {"incident"}
        assert len({hit.file for hit in hits}) == len(hits) <= 3


def test_a_past_incident_is_told_under_its_own_headings(shipped: RunbookIndex) -> None:
    pages = {case["page"] for case in LABELLED["incidents"]}
    assert pages
    for page in pages:
        for heading in ("Root cause", "What worked"):
            hit = shipped.told_under(page, heading, f"what was it: {heading}")
            assert hit is not None and hit.file == page and hit.heading.endswith(heading)
            assert shipped.verify_quote(page, hit.heading, hit.quote) == hit.lines
    assert shipped.told_under(min(pages), "No such heading", "what was it") is None
    assert shipped.told_under("no-such-page.md", "Root cause", "what was it") is None


def test_pages_about_the_bot_itself_are_not_searched(shipped: RunbookIndex) -> None:
    pages = [path.stem for path in (ROOT / "runbooks" / "bot").glob("*.md")]
    assert len(pages) >= 15
    assert [page for page in pages if shipped.search("", alert=page)] == []
    assert not any(hit.file.startswith("bot/") for hit in shipped.search("the database does not answer", k=50))


def test_questions_about_other_things_get_no_answer(shipped: RunbookIndex) -> None:
    outside = LABELLED["unanswerable"][:30]
    assert [question for question in outside if shipped.search(question)] == []


def test_most_unanswerable_questions_near_the_subject_get_no_answer(shipped: RunbookIndex) -> None:
    near = LABELLED["unanswerable"][30:]
    answered = [question for question in near if shipped.search(question)]
    assert len(answered) <= len(near) / 2, answered


@pytest.mark.parametrize("query", ["", "   ", "?!", "the of and", "🙂", "zqxwv jkqzx"])
def test_a_query_without_meaning_gets_no_answer(shipped: RunbookIndex, query: str) -> None:
    assert shipped.search(query) == []
    assert shipped.search_incidents(query) == []


@pytest.mark.parametrize("page", sorted(path.stem for path in (ROOT / "runbooks").glob("*.md")))
def test_an_alert_finds_its_own_runbook_first_by_name_and_by_address(shipped: RunbookIndex, page: str) -> None:
    for hits in (
        shipped.search("", alert=page),
        shipped.search("p99 is high and nulls too", alert=page.lower()),
        shipped.search("", runbook_url=f"https://runbooks.example/{page}.md"),
        shipped.search("", runbook_url=f"https://runbooks.example/team/{page}?x=1#mitigation"),
        shipped.search(f"what do I do about {page}?"),
    ):
        assert hits[0].file == f"{page}.md"
        assert hits[0].score == 1.0


def test_the_address_wins_over_the_name(shipped: RunbookIndex) -> None:
    hits = shipped.search("", alert="ModelF1Low", runbook_url="https://x.example/r/ModelAucLow.md", k=50)
    files = list(dict.fromkeys(hit.file for hit in hits))
    assert files == ["ModelAucLow.md", "ModelF1Low.md"]


def test_an_address_of_no_page_of_ours_is_not_guessed(shipped: RunbookIndex) -> None:
    assert shipped.search("", alert="Watchdog", runbook_url="https://x.example/runbooks/general/watchdog") == []


@pytest.mark.parametrize(
    ("alert", "facts", "file", "words_of_the_decision"),
    [
        (
            "EndpointLatencyP99High",
            "p99 2.5 s, errors 6 %, endpoint config changed 3 minutes before onset, inputs unchanged",
            "EndpointLatencyP99High.md",
            "roll back to the last known good config",
        ),
        (
            "EndpointLatencyP99High",
            "CPU 96 %, traffic 2.5 times the usual, p99 above 1 s, config unchanged",
            "EndpointLatencyP99High.md",
            "scale out; do not roll back",
        ),
        (
            "ModelFeatureDriftHigh",
            "PSI of amount and merchant_category above 0.25, F1 fell more than 5 %, nulls clean, no deployment",
            "ModelFeatureDriftHigh.md",
            "retrain on a recent window",
        ),
        (
            "ModelFeatureDriftHigh",
            "monthly_charges PSI 0.17, quality unchanged",
            "ModelFeatureDriftHigh.md",
            "watch; do not retrain",
        ),
        (
            "FeatureNullRateHigh",
            "last_login_days null ratio 38 %, schema violations, volume normal",
            "FeatureNullRateHigh.md",
            "do not retrain: quarantine the window",
        ),
    ],
)
def test_each_scenario_is_answered_with_the_sentence_that_decides_it(
    shipped: RunbookIndex, alert: str, facts: str, file: str, words_of_the_decision: str
) -> None:
    quotes = [hit.quote for hit in shipped.search(facts, alert=alert) if hit.file == file]
    assert any(words_of_the_decision in quote for quote in quotes), quotes


def test_every_quote_is_verbatim_under_its_heading(shipped: RunbookIndex) -> None:
    queries = [case["q"] for case in LABELLED["answerable"]] + [case["text"] for case in LABELLED["incidents"]]
    for query in queries:
        for hit in shipped.search(query, k=10):
            text = (ROOT / "runbooks" / hit.file).read_text("utf-8")
            first, last = hit.lines
            assert hit.quote in "\n".join(text.split("\n")[first - 1 : last])
            passage = shipped.passage(hit.record_id)
            assert passage is not None and hit.quote in passage.text
            assert (passage.file, passage.heading, passage.kind) == (hit.file, hit.heading, hit.kind)
            if len(hit.quote.split()) >= 3:
                assert shipped.verify_quote(hit.file, hit.heading, hit.quote) is not None


def test_quotes_are_verified_with_the_folder_in_front_too(shipped: RunbookIndex) -> None:
    quote = "Retraining never repairs latency."
    assert shipped.verify_quote("runbooks/EndpointLatencyP99High.md", "Mitigation", quote)
    assert shipped.verify_quote("EndpointLatencyP99High.md", "Impact", quote) is None
    assert shipped.verify_quote("../EndpointLatencyP99High.md", "Mitigation", quote) is None
    assert shipped.verify_quote("EndpointLatencyP99High.md", "Mitigation", "Retraining always repairs latency.") is None


def test_k_bounds_the_answer(shipped: RunbookIndex) -> None:
    assert len(shipped.search("roll back the endpoint", alert="EndpointLatencyP99High", k=2)) == 2
    assert shipped.search("roll back the endpoint", k=0) == []


def test_words_fall_apart_as_alerts_join_them() -> None:
    assert words("EndpointLatencyP99High") == ["endpoint", "latenc", "p99", "high"]
    assert words("last_login_days ModelAUCLow") == ["last", "login", "day", "model", "auc", "low"]
    assert words("Retraining retrained retrain") == ["retrain", "retrain", "retrain"]
