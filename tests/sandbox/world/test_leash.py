"""Programs on the leash end with their parent, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from sandbox.world import leash

PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", "-S", sys.argv[1], str(os.getpid()), "sleep", "60"])
print(child.pid, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_program_dies_with_a_parent_that_is_killed():
    assert leash.__file__ is not None
    command = [sys.executable, "-c", PARENT, leash.__file__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        deadline = time.monotonic() + 10
        while b"sleep" not in Path(f"/proc/{pid}/cmdline").read_bytes():
            assert time.monotonic() < deadline
        os.kill(parent.pid, signal.SIGKILL)
    while alive(pid):
        assert time.monotonic() < deadline


def test_a_program_whose_parent_is_gone_does_not_start():
    assert leash.__file__ is not None
    done = subprocess.run([sys.executable, leash.__file__, "1", "echo", "started"], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
