"""How Python is set for a process that serves; told by a process of its own, since it holds for all of it."""

import subprocess
import sys

from bot.interpreter import COLLECTED_AFTER

TOLD = """
import gc
from bot.interpreter import leave_out_what_is_loaded
before = gc.get_threshold()
leave_out_what_is_loaded()
print(gc.get_threshold()[0], gc.get_threshold()[1:] == before[1:], gc.get_freeze_count() > 1_000, gc.isenabled())
"""


def test_what_is_loaded_is_left_out_and_garbage_is_looked_for_less_often() -> None:
    done = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [str(COLLECTED_AFTER), "True", "True", "True"]
