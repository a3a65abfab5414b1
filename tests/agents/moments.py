"""When the scenarios of these tests happen."""

from datetime import UTC, datetime

NOW = datetime(2026, 11, 20, 19, 10, 0, tzinfo=UTC)
ONSET = datetime(2026, 11, 20, 19, 2, 0, tzinfo=UTC)
