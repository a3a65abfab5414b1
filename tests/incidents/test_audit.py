"""What the audit of a timeline finds, entry by entry; the same over rows is in tests/tools/incident_store."""

import json
from collections.abc import Sequence
from datetime import timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.audit import Anchor, Chain, ChainHead, Unreadable, anchor_of, decision_anchor, verify
from incidents.timeline import GENESIS, TimelineEntry, chained
from tests.incidents.builders import later

LENGTH = 5
NUMBERS = range(1, LENGTH + 1)


def told(length: int = LENGTH, **changed: Any) -> list[TimelineEntry]:
    entries: list[TimelineEntry] = []
    for number in range(1, length + 1):
        entries.append(
            chained(
                incident_id="INC-1",
                number=number,
                at=later(seconds=number, microseconds=number),
                actor="agentops",
                kind="note",
                text=f"entry {number}",
                details={"n": number, "labels": {"model": "m"}},
                previous=entries[-1].hash if entries else GENESIS,
            )
        )
    return entries


def chain(entries: Sequence[TimelineEntry | Unreadable], kept: Sequence[TimelineEntry] | None = None) -> Chain:
    """`kept`: what the incident's row remembers, by default what `told` told."""
    remembered = kept if kept is not None else told()
    head = ChainHead(length=len(remembered), head=remembered[-1].hash if remembered else "")
    return Chain(incident_id="INC-1", kept=head, entries=tuple(entries))


def broken(entries: Sequence[TimelineEntry | Unreadable], kept: Sequence[TimelineEntry] | None = None) -> Any:
    found = verify(chain(entries, kept)).broken
    return (found.number, found.fault) if found else None


def rewritten(number: int, **values: Any) -> list[TimelineEntry]:
    """One entry rewritten, and every later one fitted to it: the work of somebody who knows how."""
    entries = told()
    for index in range(number - 1, LENGTH):
        fitted: dict[str, Any] = values if index == number - 1 else {}
        if index:
            fitted = {**fitted, "previous": entries[index - 1].hash}
        entries[index] = chained(**entries[index].model_copy(update=fitted).model_dump(exclude={"hash"}))
    return entries


def test_an_untouched_timeline_is_intact_and_says_what_it_found() -> None:
    result = verify(chain(told()), [anchor_of(told()[2])])
    assert result.intact and (result.length, result.head, result.compared) == (LENGTH, told()[-1].hash, 1)


MUTATIONS: dict[str, Any] = {
    "incident_id": "INC-2",
    "at": later(hours=1),
    "actor": "UONCALL",
    "kind": "approved",
    "text": "nothing happened",
    "details": {"n": 0},
    "previous": "f" * 64,
    "hash": "f" * 64,
    "number": 77,
}


def test_every_field_of_an_entry_is_tried() -> None:
    assert set(MUTATIONS) == set(TimelineEntry.model_fields)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("field", MUTATIONS)
def test_a_changed_field_is_found_at_its_entry(field: str, number: int) -> None:
    entries = told()
    entries[number - 1] = entries[number - 1].model_copy(update={field: MUTATIONS[field]})
    found = verify(chain(entries)).broken
    assert found is not None and found.number == number
    assert found.fault == ("missing" if field == "number" else "changed")


def test_the_smallest_change_of_details_is_found() -> None:
    for details in ({"n": 1.0, "labels": {"model": "m"}}, {"n": True, "labels": {"model": "m"}}, {"n": 1}):
        entries = told()
        entries[0] = entries[0].model_copy(update={"details": details})
        assert broken(entries) == (1, "changed")


@pytest.mark.parametrize("number", range(1, LENGTH))
def test_a_removed_entry_is_missing(number: int) -> None:
    entries = told()
    del entries[number - 1]
    assert broken(entries) == (number, "missing")


@pytest.mark.parametrize("length", range(1, LENGTH))
def test_a_cut_tail_shows_by_the_incidents_row(length: int) -> None:
    result = verify(chain(told()[:length]))
    assert result.broken is not None and (result.broken.number, result.broken.fault) == (length + 1, "cut_off")
    assert f"{LENGTH} entries" in result.broken.why


@pytest.mark.parametrize("length", range(1, LENGTH))
def test_a_cut_tail_whose_row_was_fitted_shows_only_by_what_slack_showed(length: int) -> None:
    cut = told()[:length]
    fitted = chain(cut, kept=cut)
    assert verify(fitted).intact
    found = verify(fitted, [anchor_of(told()[-1])]).broken
    assert found is not None and (found.number, found.fault) == (LENGTH, "not_as_shown")
    assert verify(fitted, [anchor_of(told()[0])]).intact


def test_a_timeline_of_nothing_is_broken_even_if_its_row_says_nothing() -> None:
    assert broken([], kept=[]) == (1, "missing")
    assert broken([]) == (1, "cut_off")


@given(st.permutations(range(LENGTH)))
def test_any_other_order_is_found_at_the_first_that_stands_wrong(order: list[int]) -> None:
    entries = told()
    first = next((n for n, was in enumerate(order) if n != was), None)
    assert broken([entries[n] for n in order]) == (None if first is None else (first + 1, "out_of_order"))


def test_two_entries_that_swapped_their_numbers_are_found() -> None:
    entries = told()
    second, third = entries[1], entries[2]
    entries[1:3] = [third.model_copy(update={"number": 2}), second.model_copy(update={"number": 3})]
    assert broken(entries) == (2, "changed")


def test_an_entry_put_in_is_found() -> None:
    entries = told()
    assert broken([*entries[:3], entries[2], *entries[3:]]) == (4, "out_of_order")
    behind = told(LENGTH + 1)
    assert broken(behind) == (LENGTH + 1, "added")


@pytest.mark.parametrize("number", NUMBERS)
def test_one_rewritten_entry_with_a_fitting_hash_is_found_at_the_next(number: int) -> None:
    entries = told()
    entries[number - 1] = rewritten(number, text="forged")[number - 1]
    assert broken(entries) == ((number + 1, "not_following") if number < LENGTH else (LENGTH, "rewritten"))


@pytest.mark.parametrize("number", NUMBERS)
def test_a_chain_rewritten_to_its_end_is_found_by_its_row_and_with_the_row_by_what_slack_showed(number: int) -> None:
    forged = rewritten(number, text="forged")
    assert broken(forged) == (LENGTH, "rewritten")
    assert verify(chain(forged, kept=forged)).intact
    shown = [anchor_of(entry) for entry in told()]
    found = verify(chain(forged, kept=forged), shown).broken
    assert found is not None and (found.number, found.fault) == (number, "not_as_shown")


def test_an_entry_that_cannot_be_read_is_named() -> None:
    entries: list[TimelineEntry | Unreadable] = [*told()]
    entries[3] = Unreadable(number=4)
    assert broken(entries) == (4, "changed")
    assert chain(entries).whole == (*told()[:3], told()[4])


# Anchors.


def test_an_anchor_is_read_as_it_was_shown() -> None:
    entry = told()[1]
    assert anchor_of(entry).words == f"entry 2, {entry.hash[:8]}"
    assert Anchor.parse(f" 2:{entry.hash[:8].upper()} ") == anchor_of(entry)
    assert verify(chain(told()), [Anchor.parse(f"2:{entry.hash}")]).intact


@pytest.mark.parametrize("text", ["", "2", "2:", "x:12345678", "0:12345678", "2:1234567", "2:1234567g", "2 12345678"])
def test_anything_else_is_no_anchor(text: str) -> None:
    with pytest.raises(ValueError, match="7:1a2b3c4d"):
        Anchor.parse(text)


def test_the_anchor_of_a_decision_is_that_of_the_entry_that_ended_it() -> None:
    entries = told(3)
    for number, kind in ((4, "refused"), (5, "approved"), (6, "refused")):
        entry = chained(
            incident_id="INC-1",
            number=number,
            at=later(),
            actor="U1",
            kind=kind,
            text="",
            details={"proposal": "p1"},
            previous=entries[-1].hash,
        )
        entries.append(entry)
    assert decision_anchor(entries, "p1") == anchor_of(entries[4])
    assert decision_anchor(entries[:4], "p1") is None and decision_anchor(entries, "p2") is None


# Nothing that can be written makes a timeline look broken.


class Word(StrEnum):
    ONE = "one"


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.datetimes(timezones=st.just(timezone(timedelta(hours=5, minutes=45))))
    | st.just(Word.ONE),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(st.characters(codec=None)) | st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(codec=None)), json_like, max_size=4), st.text(st.characters(codec=None)))
def test_any_details_read_again_from_json_give_the_same_hash(details: dict[str, Any], text: str) -> None:
    at = later(microseconds=1).astimezone(timezone(timedelta(hours=-3)))
    entry = chained(
        incident_id="INC-1", number=1, at=at, actor=text, kind="note", text=text, details=details, previous=GENESIS
    )
    entry.text.encode()
    assert "\0" not in entry.text
    again = TimelineEntry.model_validate_json(json.dumps(json.loads(entry.model_dump_json()), sort_keys=True))
    assert again.details == entry.details
    assert verify(Chain(incident_id="INC-1", kept=ChainHead(length=1, head=entry.hash), entries=(again,))).intact
