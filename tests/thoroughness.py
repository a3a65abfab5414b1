"""How much is tested: everything where every service is required, as `.ci/run` does; else what finds most soon.

Left to the thorough run: a second database, real servers and many processes beside what is tested on one, every attack
in every carrier, every invention, every seed, every case of the evals, more examples of each property, kills at random
instants beside those at chosen ones, and from end to end what is tested by itself as well: the traps of AWS, commands
as processes.
"""

import os

import pytest

THOROUGH = bool(os.environ.get("AGENTOPS_TEST_REQUIRE_ALL"))

EXAMPLES = 100 if THOROUGH else 25
"""Of each property test that names no number of its own."""

thorough = pytest.mark.thorough
"""Marks what only the thorough run tests; see `tests/conftest.py`."""

DATABASES = ["sqlite", pytest.param("postgresql", marks=thorough)]
"""For fixtures: each test on SQLite, and in the thorough run on PostgreSQL as well."""
