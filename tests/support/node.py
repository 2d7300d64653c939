"""Node and the npm packages of a test: the machine’s Node or the packaged one, each lock installed once."""

import shutil
from collections.abc import Callable
from pathlib import Path

from shared.locks import exclusive
from shared.web.node import find_npm, install_locked


def node() -> str:
    """Return the Node beside npm: the first word of its command, unless that is a program of the machine.

    Raises:
        NodeMissing: there is none; the message says how to repair.
    """
    npm = find_npm()
    return npm[0] if len(npm) > 1 else shutil.which("node") or "node"


def install_once(folder: Path, *, say: Callable[[], None] = lambda: None) -> Path:
    """Return ``node_modules`` of a folder, equal to its lock file; at once if it already is.

    Args:
        folder: where ``package-lock.json`` is.
        say: called when something is to be fetched, which takes a while.

    Raises:
        NodeMissing: Node is needed and is not here.
        NpmFailed: npm refused.
    """
    packages, lock = folder / "node_modules", folder / "package-lock.json"
    mark = packages / ".estuaire-lock"
    with exclusive(lock):  # parallel workers may want it at the same moment
        if not mark.exists() or mark.read_bytes() != lock.read_bytes():
            say()
            install_locked(folder)
            mark.write_bytes(lock.read_bytes())
    return packages
