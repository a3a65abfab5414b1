"""Past incidents in the index: found by model, alerts, words and meaning; written once, however often."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from incidents.diagnosis import Culprit, RootCause
from incidents.past_incident import Attempt, PastIncident
from incidents.trust import Outcome
from tests.tools.runbook_index.test_server import opened, serve
from tools.runbook_index.embedding import WordLlamaEmbedder
from tools.runbook_index.errors import RunbookIndexUnavailable
from tools.runbook_index.index import RunbookIndex
from tools.runbook_index.past_ranking import OF_A_SORT

ENDED = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
LATENCY = "EndpointLatencyP99High"
NULLS = "FeatureNullRateHigh"


class Counting(Protocol):
    texts: list[str]

    def embed(self, texts: Sequence[str]) -> list[list[float]]: ...


def past(id: str, model: str = "recommender", alert: str = LATENCY, **given: Any) -> PastIncident:
    days = given.pop("days", 0)
    fields: dict[str, Any] = {
        "version": f"1:{id}",
        "environment": "prod",
        "cause": RootCause.BAD_DEPLOYMENT,
        "culprit": Culprit(kind="endpoint_config", name=f"{model}-v41"),
        "alerts": (alert,),
        "summary": f"The new version of {model} was slow.",
        "attempts": (
            Attempt(
                kind="RollbackEndpoint",
                did=f"rolled back to {model}-v40",
                outcome=Outcome.VERIFIED,
                came_of_it="recovered in 6 min, verified",
            ),
        ),
        "opened_at": ENDED - timedelta(days=days, hours=1),
        "ended_at": ENDED - timedelta(days=days),
    }
    return PastIncident(id=id, model=model, **(fields | given))


def nulls(id: str, model: str = "churn", **given: Any) -> PastIncident:
    return past(
        id,
        model,
        NULLS,
        **{
            "cause": RootCause.DATA_QUALITY,
            "culprit": Culprit(kind="feature", name="last_login_days"),
            "summary": "Half of the values of last_login_days were null.",
            "attempts": (),
            **given,
        },
    )


@pytest.fixture
def index(wordllama: WordLlamaEmbedder) -> Iterator[RunbookIndex]:
    index = RunbookIndex.in_memory(wordllama)
    yield index
    index.close()


def found(index: RunbookIndex, text: str, model: str, *alerts: str, besides: str = "", k: int = 3) -> list[str]:
    hits = index.memory.search(text, model=model, alerts=frozenset(alerts), besides=besides, k=k)
    return [hit.past.id for hit in hits]


def test_the_same_model_with_the_same_alert_comes_first_the_newest_of_them_before_the_others(
    index: RunbookIndex,
) -> None:
    others = [past("INC-9", "fraud", days=0), nulls("INC-8", "recommender", days=1), nulls("INC-7", "churn")]
    index.memory.keep([past("INC-1", days=30), past("INC-2", days=3), *others])
    told = found(index, f"{LATENCY} on recommender", "recommender", LATENCY, k=9)
    assert told[:2] == ["INC-2", "INC-1"]
    assert "INC-7" not in told


def test_another_models_incident_is_found_by_what_it_was(index: RunbookIndex) -> None:
    index.memory.keep([past("INC-1"), nulls("INC-2")])
    assert found(index, "null values of last_login_days", "fraud")[0] == "INC-2"
    assert found(index, "whales sing in the ocean", "fraud") == []


def test_an_incident_is_never_like_itself(index: RunbookIndex) -> None:
    index.memory.keep([past("INC-1"), past("INC-2", days=1)])
    assert found(index, f"{LATENCY} on recommender", "recommender", LATENCY, besides="INC-1") == ["INC-2"]


@pytest.mark.parametrize("text", ["", "   ", "🙂", "zqxwv"])
def test_a_text_without_meaning_finds_nothing_by_words(index: RunbookIndex, text: str) -> None:
    index.memory.keep([nulls("INC-1")])
    assert found(index, text, "fraud") == []


def test_an_empty_memory_answers_nothing(index: RunbookIndex) -> None:
    assert found(index, LATENCY, "recommender", LATENCY) == []
    assert dict(index.memory.versions()) == {}


def test_the_same_again_doubles_nothing_and_what_is_gone_is_forgotten(index: RunbookIndex) -> None:
    for _ in range(3):
        index.memory.keep([past("INC-1"), past("INC-2")])
    assert dict(index.memory.versions()) == {"INC-1": "1:INC-1", "INC-2": "1:INC-2"}
    assert sorted(found(index, LATENCY, "recommender", LATENCY, k=9)) == ["INC-1", "INC-2"]
    index.memory.keep([past("INC-2", version="1:new", false_alarm=True)], gone=["INC-1"])
    assert dict(index.memory.versions()) == {"INC-2": "1:new"}
    (hit,) = index.memory.search(LATENCY, model="recommender", alerts=frozenset({LATENCY}))
    assert hit.past.false_alarm


def test_the_memory_survives_a_restart_and_the_runbooks_beside_it_stay_as_they_are(
    tmp_path: Path, pages: Path, counting: Callable[..., Any]
) -> None:
    first = RunbookIndex.on_disk(tmp_path / "chroma", counting())
    first.index(pages)
    before = first.search("the endpoint config changed, roll back?")
    first.memory.keep([past("INC-1"), nulls("INC-2")])
    assert first.search("the endpoint config changed, roll back?") == before
    first.close()
    embedder: Counting = counting()
    second = RunbookIndex.on_disk(tmp_path / "chroma", embedder)  # pyright: ignore[reportArgumentType] it counts only
    assert set(second.memory.versions()) == {"INC-1", "INC-2"}
    assert second.index(pages).unchanged == 2
    assert embedder.texts == []
    (hit,) = second.memory.search(f"{LATENCY} on recommender", model="recommender", alerts=frozenset({LATENCY}))
    assert hit.past == past("INC-1")
    assert second.search("the endpoint config changed, roll back?") == before
    second.close()


def test_another_embedding_model_asks_for_everything_anew(tmp_path: Path, counting: Callable[..., Any]) -> None:
    first = RunbookIndex.on_disk(tmp_path / "chroma", counting())
    first.memory.keep([past("INC-1"), past("INC-2")])
    first.close()
    second = RunbookIndex.on_disk(tmp_path / "chroma", counting(model_id="counting/2", dimension=128))
    assert found(second, LATENCY, "recommender", LATENCY) == []
    assert dict(second.memory.versions()) == {}
    second.memory.keep([past("INC-1")])
    assert found(second, LATENCY, "recommender", LATENCY) == ["INC-1"]
    assert set(second.memory.versions()) == {"INC-1"}
    second.close()


def test_a_thousand_incidents_are_looked_at_by_a_few(index: RunbookIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    index.memory.keep([past(f"INC-{n}", f"model-{n % 50}", days=n) for n in range(1_000)])
    asked: list[int] = []
    store = index.memory._store  # pyright: ignore[reportPrivateUsage] what reaches Chroma is the claim
    nearest = store.nearest

    def watched(vector: Sequence[float], ids: Sequence[str]) -> dict[str, float]:
        asked.append(len(ids))
        return nearest(vector, ids)

    monkeypatch.setattr(store, "nearest", watched)
    assert found(index, f"{LATENCY} on model-7", "model-7", LATENCY) == ["INC-7", "INC-57", "INC-107"]
    assert 0 < asked[0] <= 4 * OF_A_SORT


def test_what_another_version_wrote_is_passed_over_and_written_again(index: RunbookIndex) -> None:
    index.memory.keep([past("INC-1"), past("INC-2")])
    fields = {"kind": "past_incident", "version": "9:x", "model": "recommender", "body": '{"id": "INC-2"}'}
    with index.memory._store._collection.calling("write") as collection:  # pyright: ignore[reportPrivateUsage] only another version writes so
        collection.update(ids=["INC-2"], metadatas=[fields])
    index.memory._corpus = None  # pyright: ignore[reportPrivateUsage] as after a restart
    assert found(index, LATENCY, "recommender", LATENCY) == ["INC-1"]
    assert dict(index.memory.versions()) == {"INC-1": "1:INC-1", "INC-2": ""}
    index.memory.keep([past("INC-2")])
    assert index.memory.versions()["INC-2"] == "1:INC-2"


def test_replicas_on_one_server_see_each_others_and_double_nothing(
    tmp_path: Path, wordllama: WordLlamaEmbedder
) -> None:
    serving = serve(tmp_path / "chroma-server")
    url = next(serving)
    one, other = opened(url, wordllama), opened(url, wordllama)
    assert dict(other.memory.versions()) == {}
    one.memory.keep([past("INC-1")])
    assert found(other, LATENCY, "recommender", LATENCY) == ["INC-1"]
    other.memory.keep([past("INC-1"), past("INC-2", days=1)])
    assert found(one, LATENCY, "recommender", LATENCY, k=9) == ["INC-1", "INC-2"]
    serving.close()
    with pytest.raises(RunbookIndexUnavailable):
        one.memory.search(LATENCY, model="recommender", alerts=frozenset({LATENCY}))
    one.close()
    other.close()
