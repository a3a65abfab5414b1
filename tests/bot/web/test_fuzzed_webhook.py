"""No JSON whatever makes the server fail."""

from copy import deepcopy
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bot.web.site import Site
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


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """A payload with one place in it, at any depth, replaced or taken away."""
    payload: dict[str, Any] = deepcopy(draw(payloads))
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


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.one_of(payloads, spoilt(), junk))
async def test_no_json_makes_the_server_fail_and_nothing_refused_is_stored(site: Site, body: Any) -> None:
    before = site.rows()
    answer = await site.post(body)
    assert answer.status in {200, 400, 422}
    if answer.status == 200:
        assert site.rows() - before <= answer.json["stored"] <= answer.json["received"]
    else:
        assert site.rows() == before
        assert set(answer.json) == {"detail", "field"}
