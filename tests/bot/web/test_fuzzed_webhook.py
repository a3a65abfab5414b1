"""No JSON whatever makes the server fail."""

from copy import deepcopy
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bot.web.site import DRIFT_EVENTS, Answer, Site
from tests.thoroughness import EXAMPLES

junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
texts = st.text(max_size=60)
pairs = st.dictionaries(
    st.sampled_from(["alertname", "model", "env", "endpoint", "severity"]) | texts, texts, max_size=6
)
alerts = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["firing", "resolved"]),
        "labels": pairs,
        "annotations": pairs,
        "startsAt": st.datetimes().map(lambda at: at.isoformat() + "Z"),
        "endsAt": st.just("0001-01-01T00:00:00Z") | st.datetimes().map(lambda at: at.isoformat() + "+02:00"),
        "fingerprint": st.from_regex(r"[0-9a-f]{1,32}", fullmatch=True),
    },
    optional={"generatorURL": texts},
)
payloads = st.fixed_dictionaries(
    {
        "version": st.just("4"),
        "receiver": texts,
        "groupKey": texts,
        "status": st.sampled_from(["firing", "resolved"]),
        "alerts": st.lists(alerts, min_size=1, max_size=3),
    },
    optional={"commonLabels": pairs, "truncatedAlerts": st.integers(-1, 5), "more": junk},
)

windows = st.tuples(st.datetimes(), st.datetimes()).map(
    lambda ends: {"start": min(ends).isoformat() + "Z", "end": max(ends).isoformat() + "+01:00"}
)
figures = st.integers(-3, 120) | st.floats(allow_nan=False) | st.none()
psi: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"features": st.dictionaries(texts, figures, max_size=3)}, optional={"aggregate": figures}
)
events: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"version": st.just(1), "model": texts, "detector": texts, "window": windows, "baseline": texts},
    optional={
        "environment": texts,
        "psi": psi,
        "accuracy_delta": figures,
        "p99_seconds": figures,
        "link": texts | st.just("https://detector.example/report"),
    },
)


@st.composite
def spoilt(draw: st.DrawFn, bodies: st.SearchStrategy[dict[str, Any]]) -> Any:
    """A body with one place in it, at any depth, replaced or taken away."""
    payload: dict[str, Any] = deepcopy(draw(bodies))
    places: list[tuple[Any, Any]] = []

    def gather(place: Any) -> None:
        keys = list(cast("dict[str, Any]", place)) if isinstance(place, dict) else list(range(len(place)))
        for key in keys:
            places.append((cast("Any", place), key))
            if isinstance(place[key], dict | list):
                gather(place[key])

    gather(payload)
    place, key = draw(st.sampled_from(places))
    if draw(st.booleans()):
        del place[key]
    else:
        place[key] = draw(junk)
    return payload


def refused_or_stored(site: Site, before: int, answer: Answer) -> None:
    assert answer.status in {200, 400, 422}
    if answer.status == 200:
        assert site.rows() - before <= answer.json["stored"] <= answer.json["received"]
    else:
        assert site.rows() == before
        assert set(answer.json) == {"detail", "field"}


ON_ONE_SITE = [HealthCheck.function_scoped_fixture]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=ON_ONE_SITE)
@given(body=st.one_of(payloads, spoilt(payloads), junk))
async def test_no_json_makes_the_server_fail_and_nothing_refused_is_stored(site: Site, body: Any) -> None:
    before = site.rows()
    refused_or_stored(site, before, await site.post(body))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=ON_ONE_SITE)
@given(body=st.one_of(events, spoilt(events), junk))
async def test_no_drift_event_makes_the_server_fail_and_nothing_refused_is_stored(site: Site, body: Any) -> None:
    before = site.rows()
    refused_or_stored(site, before, await site.post(body, path=DRIFT_EVENTS))
