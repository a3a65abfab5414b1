"""Captured requests that are written when somebody looks, with the inputs as they were at each moment."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.world.capture_log import CaptureLog
from sandbox.world.datasets import ModelData
from sandbox.world.profiles import CHURN_PREDICTOR
from sandbox.world.serving import LiveEndpoint
from sandbox.world.world import World
from tests.sandbox.world.conftest import InstantServing

HOUR = 3600.0
START = 1_795_201_200.0
"""The beginning of an hour."""
BUCKET, PREFIX = "agentops-churn-predictor", "capture/churn-predictor-prod/"


class Shelf:
    """An object store."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.tagged: dict[str, dict[str, str]] = {}

    def put(self, bucket: str, key: str, body: bytes) -> str:
        assert bucket == BUCKET
        self.objects[key] = body
        return key

    def tags(self, bucket: str, key: str) -> dict[str, str]:
        return self.tagged.get(key, {})

    def delete(self, bucket: str, key: str) -> None:
        del self.objects[key]

    def rows(self) -> list[tuple[float, dict[str, Any], float]]:
        """Moment, inputs and score of every captured request, in order."""
        found: list[tuple[float, dict[str, Any], float]] = []
        for key, body in self.objects.items():
            for line in body.splitlines():
                record = json.loads(line)
                at = datetime.fromisoformat(record["eventMetadata"]["inferenceTime"])
                assert f"/{at:%Y/%m/%d/%H}/" in key
                data = {part: json.loads(one["data"]) for part, one in record["captureData"].items()}
                found.append((at.timestamp(), data["endpointInput"], data["endpointOutput"]["score"]))
        return sorted(found, key=lambda row: row[0])


class Watched:
    """A world of one model, its shelf, and a clock that is moved by hand."""

    def __init__(self, speed: float) -> None:
        self.now = START + 600.0
        profile = CHURN_PREDICTOR
        serving = InstantServing({profile.endpoint: LiveEndpoint(profile.config)})
        self.world = World(serving, speed=speed, profiles=[profile])
        self.shelf = Shelf()
        data = {profile.name: ModelData(profile, 1)}
        self.log = CaptureLog(data, self.world, self.shelf, speed=speed, clock=lambda: self.now)
        self.world.tick(self.now)

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds
        self.world.tick(self.now)

    def look(self) -> None:
        self.log.looked_for(BUCKET, PREFIX)


@pytest.fixture
def watched() -> Watched:
    return Watched(speed=60)


def test_each_request_shows_the_inputs_of_its_moment(watched: Watched) -> None:
    watched.pass_seconds(30)
    onset = watched.now
    watched.world.shift("churn-predictor", "last_login_days", nulls=0.4)
    watched.pass_seconds(20)
    watched.look()
    rows = watched.shelf.rows()
    before = [given for at, given, _ in rows if at < onset - 0.01]
    after = [given for at, given, _ in rows if at > onset + 0.01]
    assert len(before) == pytest.approx(40 * 40, abs=5)
    assert all(given["last_login_days"] is not None for given in before)
    assert sum(given["last_login_days"] is None for given in after) / len(after) == pytest.approx(0.4, abs=0.06)
    watched.world.refill("churn-predictor")
    watched.pass_seconds(10)
    watched.look()
    assert all(given["last_login_days"] is not None for _, given, _ in watched.shelf.rows()[len(rows) :])


def test_a_second_look_writes_what_came_since_and_nothing_twice(watched: Watched) -> None:
    watched.look()
    first = len(watched.shelf.rows())
    watched.look()
    assert len(watched.shelf.rows()) == first
    watched.pass_seconds(5)
    watched.look()
    moments = [at for at, _, _ in watched.shelf.rows()]
    assert len(moments) == first + 200
    assert max(moments) <= watched.now


def test_drifted_inputs_move_the_scores(watched: Watched) -> None:
    watched.look()
    usual = [score for _, _, score in watched.shelf.rows()]
    watched.world.shift("churn-predictor", "last_login_days", scale=4.0)
    watched.pass_seconds(30)
    watched.look()
    later = [score for _, _, score in watched.shelf.rows()[len(usual) :]]
    assert sum(later) / len(later) > sum(usual) / len(usual) + 0.1


def test_what_nobody_looked_at_for_long_is_written_for_the_last_hour_of_the_world_only(watched: Watched) -> None:
    watched.pass_seconds(10 * HOUR)
    watched.look()
    rows = watched.shelf.rows()
    assert len(rows) == pytest.approx(2400, abs=5)
    assert rows[0][0] >= watched.now - 60.001


def test_hours_lie_in_folders_of_their_own() -> None:
    watched = Watched(speed=1)
    watched.now = START + HOUR + 120.0
    watched.world.tick(watched.now)
    watched.look()
    folders = {key.rsplit("/", 1)[0] for key in watched.shelf.objects}
    hours = [datetime.fromtimestamp(START + n * HOUR, UTC) for n in (0, 1)]
    assert folders == {f"capture/churn-predictor-prod/AllTraffic/{hour:%Y/%m/%d/%H}" for hour in hours}
    watched.shelf.rows()


def test_old_files_go_but_for_those_that_are_marked(watched: Watched) -> None:
    watched.look()
    watched.pass_seconds(10)
    watched.look()
    kept, *_ = old = list(watched.shelf.objects)
    watched.shelf.tagged[kept] = {"agentops:quarantine": "x1"}
    watched.pass_seconds(500)
    watched.look()
    assert set(old) & set(watched.shelf.objects) == {kept}


def test_other_listings_write_nothing_and_a_reset_forgets(watched: Watched) -> None:
    watched.log.looked_for(BUCKET, "monitor/")
    watched.log.looked_for("another-bucket", PREFIX)
    assert watched.shelf.objects == {}
    watched.world.shift("churn-predictor", "last_login_days", nulls=0.4)
    watched.pass_seconds(30)
    watched.world.reset("churn-predictor")
    watched.log.reset()
    watched.look()
    assert all(given["last_login_days"] is not None for _, given, _ in watched.shelf.rows())
