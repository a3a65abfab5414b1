"""Starts a program that ends with its parent: `python leash.py <parent pid> <program> [arguments]`.

On Linux the kernel kills the program when the sandbox dies, however it dies; elsewhere the sandbox stops it when it
stops itself. Run as a script, so that it costs no imports.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, then become the program."""
    parent, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # the parent died before it could be watched
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - the command comes from the sandbox itself


if __name__ == "__main__":
    main(sys.argv[1:])
