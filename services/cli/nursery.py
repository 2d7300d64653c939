"""One process that has imported Estuaire once and forks instances: seven starts for the price of one (``make demo``).

It reads one JSON line per instance wanted, ``{"environment": …, "log": …}``, and answers with ``{"pid": …}``. When its
input ends, it ends, and the instances with it.
"""

import ctypes
import gc
import json
import os
import signal
import sys
import traceback
from typing import Any

from services.cli.serve import serve

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answer requests until the input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps our children
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # what is imported stays shared between the instances
    print(json.dumps({"ready": True}), flush=True)  # noqa: T201 - the protocol
    for line in sys.stdin:
        print(json.dumps({"pid": _fork(json.loads(line))}), flush=True)  # noqa: T201 - the protocol


def _fork(wanted: dict[str, Any]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        _become(wanted, parent)
        serve([])
        code = 0
    except BaseException:
        traceback.print_exc()  # nobody above a fork would
        raise
    finally:
        sys.stdout.flush()
        os._exit(code)


def _become(wanted: dict[str, Any], parent: int) -> None:
    """Turn the fork into a process of its own: session, environment, log; tied to the life of its parent."""
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    for one in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(one, signal.SIG_DFL)
    os.environ.update(wanted["environment"])
    log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)


if __name__ == "__main__":
    main()
