"""How Python itself is set for a process that serves: its memory, the turns of its threads, its search for garbage."""

import contextlib
import ctypes
import gc
import sys

TURN_S = 0.001
"""Seconds that a thread may compute while another waits."""
COLLECTED_AFTER = 5_000
"""More objects than were freed, before Python looks for circles among the youngest; its own 700 is soon reached where
many investigations are under way, and every hundredth look goes through all that lives: in a storm this took a sixth of
the processor's time.
"""
COLLECTED_WHILE_LOADING = 50_000
"""The same while modules are loaded, of which nothing is garbage: a fifth of that time goes into looks for some."""


def keep_memory_small() -> None:
    """Ask glibc for two arenas instead of eight a core, and to give back what is freed. Elsewhere, do nothing.

    Each arena keeps what was once freed in it, and after the first large block glibc keeps blocks of up to 32 MB, too.
    """
    m_arena_max, m_mmap_threshold, m_trim_threshold = -8, -3, -1  # malloc.h
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(m_arena_max, 2)
        libc.mallopt(m_mmap_threshold, 128 * 1024)
        libc.mallopt(m_trim_threshold, 128 * 1024)


def hand_over_soon() -> None:
    """Let a thread that computes hand over to one that waits after `TURN_S`, where Python's own is 5 ms.

    What stores and tells an alert gives its turn up at each of some hundred calls of the database and of Slack, and
    waits each time for an investigation that computes.
    """
    sys.setswitchinterval(TURN_S)


def load_without_collecting() -> None:
    """Look for garbage hardly ever, until `leave_out_what_is_loaded`."""
    gc.set_threshold(COLLECTED_WHILE_LOADING, *gc.get_threshold()[1:])


def leave_out_what_is_loaded() -> None:
    """Look for garbage among what is made from now on only, and less often: what is loaded by now stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER, *gc.get_threshold()[1:])
