"""The files of Kafka: fetched once per user, accepted only if jars.lock names them with the same SHA-256."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from shared.messaging.embedded.errors import JarRefused, JarsMissing

Progress = Callable[[str], None]

LOCK = Path(__file__).with_name("jars.lock")
FETCH = Path(__file__).with_name("fetch.py")


@dataclass(frozen=True)
class Jar:
    """One line of the lock: ``coordinate`` is ``group:artifact:version``, ``size`` is in bytes."""

    sha256: str
    size: int
    coordinate: str

    @property
    def name(self) -> str:
        """The name of the file."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def cache_folder() -> Path:
    """Return the user's folder for what can be fetched or made again."""
    return user_cache_path("estuaire") / "kafka"


def read_lock(lock: Path) -> list[Jar]:
    """Return the files named by a lock."""
    lines = [line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    return [Jar(sha256, int(size), coordinate) for sha256, size, coordinate in lines]


def ensure_jars(progress: Progress, *, lock: Path = LOCK, cache: Path | None = None) -> list[Path]:
    """Return the files of Kafka in class path order, fetching and verifying those that are not there yet.

    The order is sorted, not the lock's: a start cache is only valid for one order. Once everything was verified, a
    marker named after the lock spares reading the files again; sizes are still compared.

    Raises:
        JarsMissing: a file could not be fetched.
        JarRefused: a fetched file has another SHA-256 than its line of the lock.
    """
    folder = (cache or cache_folder()) / "jars"
    jars = read_lock(lock)
    paths = sorted(folder / jar.name for jar in jars)
    marker = folder / f"{_fingerprint(lock)}.verified"
    if marker.exists() and all(_has_size(folder / jar.name, jar.size) for jar in jars):
        return paths
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [jar for jar in jars if not _is_locked(folder / jar.name, jar)]
    if wanted:
        _fetch(wanted, folder, progress)
    marker.touch()
    return paths


def _fetch(wanted: list[Jar], folder: Path, progress: Progress) -> None:
    """Bring files into the folder, each whole and verified before it takes its place."""
    total_mb = sum(jar.size for jar in wanted) / 1e6
    progress(f"Kafka\u00a0: téléchargement de {len(wanted)} fichiers ({total_mb:.0f}\u00a0Mo)")
    with tempfile.TemporaryDirectory(dir=folder, prefix="arriving-") as staging:
        _download(wanted, Path(staging), progress)
        for jar in wanted:
            arrived = Path(staging, jar.name)
            found = _fingerprint(arrived)
            if found != jar.sha256:
                raise JarRefused(jar.name, expected=jar.sha256, found=found)
            arrived.replace(folder / jar.name)
    progress(f"Kafka\u00a0: {len(wanted)} fichiers vérifiés (SHA-256)")


def _download(wanted: list[Jar], staging: Path, progress: Progress) -> None:
    # -P: the folder of this package must not come first on the child's path, where java.py would be found as `java`.
    command = [sys.executable, "-P", str(FETCH), str(staging), *(jar.coordinate for jar in wanted)]
    sizes = {jar.name: jar.size for jar in wanted}
    arrived_mb = 0.0
    with (staging / "errors.txt").open("w+") as errors:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=os.environ) as child:  # noqa: S603 -- our own file, coordinates of the committed lock
            for count, line in enumerate(child.stdout or (), start=1):
                arrived_mb += sizes[line.strip()] / 1e6
                progress(f"Kafka\u00a0: {count}/{len(wanted)}, {arrived_mb:.0f}\u00a0Mo, {line.strip()}")
        if child.returncode:
            errors.seek(0)
            raise JarsMissing((errors.read().strip().splitlines() or ["?"])[-1])


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _is_locked(path: Path, jar: Jar) -> bool:
    return _has_size(path, jar.size) and _fingerprint(path) == jar.sha256


def _fingerprint(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
