"""A language model that invents, on the whole way to the thread: rows, proposals, rendered messages."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import pytest

from agents.collectors.lens import Lens
from agents.evidence_book import EvidenceBook
from agents.first_reading import read_first
from agents.grounding import problem_of, told_problem
from agents.names import names_of_case
from agents.progress import Reporter
from agents.tracing import Trace
from agents.workbench import Workbench
from bot.slack.rendered import Rendered
from incidents.diagnosis import Confidence
from tests.agents.scenarios import SCENARIOS
from tests.security.inventions import TRUE, inventions
from tests.security.inventor import NAME, Invention, Inventor
from tests.security.stand import TIMING, Stand
from tests.thoroughness import THOROUGH
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate

pytestmark = pytest.mark.timeout(900)

ALL = tuple(inventions())
_FIRST_IN_PLACE = {one.place: number for number, one in reversed(tuple(enumerate(ALL)))}
TRIED = tuple(
    one for number, one in enumerate(ALL) if THOROUGH or number % 9 == 0 or number in _FIRST_IN_PLACE.values()
)
"""All of them take minutes of processor time; every ninth is of each kind, and each place is among them."""
_STRUCK = re.compile(r"~[^~]*~")
_ROOM = 150
"""Characters of an invention that are looked for: longer texts are cut where they are shown."""


@dataclass
class Trial:
    """One invention, and what came of it."""

    invention: Invention
    problems: list[str]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand[Inventor]]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('invented') / 'agentops.sqlite'}")
    migrate(database)
    yield Stand(database, Inventor())
    database.close()


@pytest.fixture(scope="module")
def trials(stand: Stand[Inventor]) -> list[Trial]:
    return asyncio.run(_all(stand))


async def _all(stand: Stand[Inventor]) -> list[Trial]:
    return [await _tried(stand, one) for one in TRIED]


async def _tried(stand: Stand[Inventor], invention: Invention) -> Trial:
    model = stand.model
    model.invention, model.written = invention, 0
    outcome = await stand.play(invention.world, SCENARIOS[invention.world](), "look again", "what is it?")
    findings = outcome.file.findings
    assert findings is not None
    problems: list[str] = []
    if not model.written:
        problems.append("it was not handed in")
    if findings.diagnosis.reasoner.name != NAME:
        problems.append(f"it was written by {findings.diagnosis.reasoner.name}")
    for message in outcome.messages:
        shown = _read(message)
        if _told(invention) in _STRUCK.sub(" ", shown) and not _stood_before(invention):
            problems.append(f"it stands unmarked in {message.text[:40]!r}")
        if _has_button(message) and _told(invention) in shown:
            problems.append("it stands on a card with a button")
    diagnosis = findings.diagnosis
    if invention.place == "onset" and diagnosis.onset is not None:
        problems.append(f"the onset is {diagnosis.onset}")
    if invention.place == "citation" and diagnosis.citations:
        problems.append("the citation was kept")
    if invention.place == "culprit" and diagnosis.culprit.kind != "none":
        problems.append("the culprit was kept")
    if invention.place in {"the only claim", "culprit"}:
        if diagnosis.confidence is not Confidence.LOW or findings.plan.choices:
            problems.append("something rests on it")
        if any(_has_button(message) for message in outcome.messages):
            problems.append("a button rests on it")
    return Trial(invention, problems)


def _told(invention: Invention) -> str:
    return " ".join(invention.text.split())[:_ROOM]


def _stood_before(invention: Invention) -> bool:
    """Names, moments and quotes may stand in the evidence for what they are; as culprit or citation they must not."""
    return invention.place in {"culprit", "onset", "citation"}


def _read(message: Rendered) -> str:
    return " ".join(f"{message.text} {' '.join(_texts(message.blocks))}".split())


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        part = cast(dict[str, object], content)
        text = part.get("text")
        if isinstance(text, str):
            yield text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        for inner in part.values():
            yield from _texts(inner)
    elif isinstance(content, list):
        for inner in cast(list[object], content):
            yield from _texts(inner)


def _has_button(message: Rendered) -> bool:
    blocks = cast(list[dict[str, object]], message.blocks)
    return any(block["type"] == "actions" and "approve" in str(block).lower() for block in blocks)


def test_there_are_more_than_a_hundred_inventions_and_no_two_are_alike() -> None:
    assert len({(one.world, one.text, one.on, str(one.details)) for one in ALL}) > 120
    assert len({one.place for one in ALL}) == len({one.place for one in TRIED}) == 13


def test_no_invention_reaches_the_thread_unmarked_or_a_button(trials: list[Trial]) -> None:
    got_through = [(trial.invention, problem) for trial in trials for problem in trial.problems]
    assert got_through == []


async def test_a_true_statement_gets_its_button(stand: Stand[Inventor]) -> None:
    """The same way, with something that is so: what is asked above can be told from refusing everything."""
    trial = await _tried(stand, Invention("p99 latency rose from 0.21 s to 2.48 s.", ("p99 latency of",)))
    assert "something rests on it" in trial.problems
    assert "a button rests on it" in trial.problems


@pytest.fixture(scope="module")
def books() -> dict[str, EvidenceBook]:
    """What is read of each world."""
    return {world: asyncio.run(_read_of(world)) for world in {world for world, _, _ in TRUE}}


async def _read_of(world: str) -> EvidenceBook:
    made = SCENARIOS[world]()
    case = made.case
    features = case.model.features if case.model else ()
    bench = Workbench(
        Lens(made.sources, TIMING, case), EvidenceBook((), names_of_case(case.incident, case.model), features)
    )
    bench.alerts()
    await read_first(bench, Reporter(None, Trace.off()))
    return bench.book


@pytest.mark.parametrize(("world", "text", "on"), TRUE)
def test_what_is_true_is_not_struck(books: dict[str, EvidenceBook], world: str, text: str, on: tuple[str, ...]) -> None:
    book = books[world]
    ids = [next(one.id for one in book.entries if words in one.found) for words in on]
    assert problem_of(text, ids, book) is None
    assert told_problem(text, book) is None
