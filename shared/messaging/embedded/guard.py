"""Becoming another program that dies with its parent: ``python guard.py <parent pid> <program> <argument>…``.

Run as a file between the parent and the broker, because the same done between fork and exec of a threaded parent may
deadlock. Only Linux knows the request; elsewhere the broker is found again by its footprint at the next start.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Replace this process by ``command``, killed by the system as soon as ``parent`` is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the request: nothing will tell us any more
            sys.exit("parent is gone")
    os.execv(command[0], command)  # noqa: S606 -- no shell wanted: the arguments are the program's own


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
