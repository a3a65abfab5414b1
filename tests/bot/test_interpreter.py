"""How Python is set for a process that serves; told by a process of its own, since it holds for all of it."""

import subprocess
import sys

from bot.interpreter import COLLECTED_AFTER, COLLECTED_WHILE_LOADING

TOLD = """
import gc
from bot.interpreter import leave_out_what_is_loaded, load_without_collecting
before = gc.get_threshold()
load_without_collecting()
print(gc.get_threshold()[0], gc.isenabled())
leave_out_what_is_loaded()
print(gc.get_threshold()[0], gc.get_threshold()[1:] == before[1:], gc.get_freeze_count() > 1_000, gc.isenabled())
"""


def test_garbage_is_hardly_looked_for_while_loading_and_then_less_often_without_what_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [str(COLLECTED_WHILE_LOADING), "True", str(COLLECTED_AFTER), "True", "True", "True"]
