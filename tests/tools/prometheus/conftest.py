from collections.abc import Iterator

import pytest

from tests.tools.prometheus.fake_server import FakePrometheus, running


@pytest.fixture
def fake() -> Iterator[FakePrometheus]:
    with running() as fake:
        yield fake
