"""Where the time goes: a sampling profiler looks from outside, so that what is measured stays as it is."""

import asyncio
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PY_SPY = Path(sys.executable).with_name("py-spy")
PER_SECOND = 200
LONGEST_SECONDS = 600
TOLD = 15
OURS = ("shared/", "services/", "tests/bench/")
_LINE = re.compile(r"^(.+) (\d+)$", re.MULTILINE)  # looking without stopping the process may give a broken line
LIBRARIES = ("site-packages/", "lib/python3")


@dataclass(frozen=True)
class Profile:
    """Shares of the processor time of one process: by function, by library, and by function of ours with all below."""

    samples: int
    functions: list[tuple[str, float]]
    libraries: list[tuple[str, float]]
    ours: list[tuple[str, float]]

    def as_json(self) -> dict[str, Any]:
        """Return it for the JSON file."""
        return {
            "samples": self.samples,
            "functions": dict(self.functions),
            "libraries": dict(self.libraries),
            "ours": dict(self.ours),
        }


async def sampled(pid: int, *, seconds: float = LONGEST_SECONDS) -> Profile:
    """Watch a process until it ends, or for a while; only threads that use a processor are counted."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        watching = await asyncio.create_subprocess_exec(
            *(str(PY_SPY), "record", "--pid", str(pid), "--rate", str(PER_SECOND), "--duration", f"{seconds:.0f}"),
            *("--format", "raw", "--full-filenames", "--nonblocking", "--output", str(raw)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await watching.wait()
        return read(await asyncio.to_thread(raw.read_text) if raw.exists() else "")


def read(raw: str) -> Profile:
    """Return what lines of ``caller;…;callee count`` say together."""
    total, functions, libraries, ours = 0, Counter[str](), Counter[str](), Counter[str]()
    for stack, times in _LINE.findall(raw):
        count, frames = int(times), [_short(frame) for frame in stack.split(";")]
        total += count
        functions[frames[-1]] += count
        libraries[_library(frames[-1])] += count
        ours.update(dict.fromkeys((frame for frame in frames if frame.partition("(")[2].startswith(OURS)), count))
    return Profile(total, _shares(functions, total), _shares(libraries, total), _shares(ours, total))


def _shares(counted: Counter[str], total: int) -> list[tuple[str, float]]:
    return [(name, round(count / total, 4)) for name, count in counted.most_common(TOLD)]


def _short(frame: str) -> str:
    """Return ``function (file)``, the file from the root of its package on and without its line."""
    name, _, where = frame.rpartition(" (")
    file = where.rpartition(":")[0]
    for root in LIBRARIES:
        _, found, rest = file.rpartition(root)
        if found:
            return f"{name} ({rest})"
    for root in OURS:
        _, found, rest = file.rpartition(f"/{root}")
        if found:
            return f"{name} ({root}{rest})"
    return f"{name} ({Path(file).name or where})"


def _library(frame: str) -> str:
    file = frame.rpartition(" (")[2].rstrip(")")
    top = file.partition("/")
    return "/".join(file.split("/")[:2]) if file.startswith(OURS) else top[0].removesuffix(".py")
