from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.timeline import GENESIS, TimelineEntry, chained, first_break
from tests.incidents.builders import later

LENGTH = 6


def chain(length: int = LENGTH) -> list[TimelineEntry]:
    entries: list[TimelineEntry] = []
    for number in range(1, length + 1):
        entries.append(
            chained(
                incident_id="INC-1",
                number=number,
                at=later(seconds=number),
                actor="agentops",
                kind="note",
                text=f"entry {number}",
                details={"n": number, "labels": {"model": "m"}},
                previous=entries[-1].hash if entries else GENESIS,
            )
        )
    return entries


def changed(entries: Sequence[TimelineEntry], number: int, **values: Any) -> list[TimelineEntry]:
    return [e.model_copy(update=values) if e.number == number else e for e in entries]


def test_an_untouched_chain_holds() -> None:
    assert first_break(chain()) is None
    assert first_break([]) is None


@given(
    st.integers(1, LENGTH),
    st.sampled_from(
        [
            {"incident_id": "INC-2"},
            {"at": later(hours=1)},
            {"actor": "UONCALL"},
            {"kind": "approved"},
            {"text": "nothing happened"},
            {"details": {}},
            {"details": {"n": 0, "labels": {"model": "other"}}},
            {"previous": "f" * 64},
            {"hash": "f" * 64},
        ]
    ),
)
def test_a_change_of_any_field_is_found_at_its_entry(number: int, values: dict[str, Any]) -> None:
    assert first_break(changed(chain(), number, **values)) == number


@given(st.integers(1, LENGTH))
def test_an_entry_rewritten_with_a_fitting_hash_is_found_at_the_next(number: int) -> None:
    entries = chain()
    old = entries[number - 1]
    forged = chained(**old.model_copy(update={"text": "forged"}).model_dump(exclude={"hash"}))
    entries[number - 1] = forged
    assert first_break(entries) == (number + 1 if number < LENGTH else None)


@pytest.mark.parametrize("number", range(1, LENGTH))
def test_an_entry_taken_out_is_found_where_it_is_missing(number: int) -> None:
    entries = chain()
    del entries[number - 1]
    assert first_break(entries) == number


@given(st.permutations(range(LENGTH)))
def test_entries_in_another_order_break_the_chain(order: list[int]) -> None:
    entries = chain()
    shuffled = [entries[n] for n in order]
    assert (first_break(shuffled) is None) == (order == list(range(LENGTH)))


def test_an_entry_put_in_twice_is_found() -> None:
    entries = chain()
    assert first_break([*entries[:3], entries[2], *entries[3:]]) == 4
