"""Fetching named artifacts with jgo, in a process of its own: importing jgo takes half a second, used once a machine.

Run as a file, never imported by the node: ``python -P fetch.py <staging folder> <coordinate>…`` prints the name of
each file that has arrived. ``ESTUAIRE_MAVEN_REPOSITORY`` replaces the public repository by a mirror.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from jgo.maven import Artifact, MavenContext

TRIES = 3
AT_ONCE = 4


def repository(cache: Path) -> MavenContext:
    """Return access to the repository of the settings, keeping what it fetches in ``cache``."""
    mirror = os.environ.get("ESTUAIRE_MAVEN_REPOSITORY")
    # A mirror that has not seen an artifact yet fetches it first: ten seconds, the default, is not enough.
    return MavenContext(repo_cache=cache, remote_repos={"mirror": mirror.rstrip("/")} if mirror else None, timeout=60)


def fetch(artifact: Artifact) -> Path:
    """Return the fetched file, tried again when the network fails."""
    for last in (*[False] * (TRIES - 1), True):
        try:
            return Path(artifact.resolve())
        except OSError:
            # jgo writes in place: what arrived of it would pass for the whole file at the next try.
            if artifact.cached_path:
                artifact.cached_path.unlink(missing_ok=True)
            if last:
                raise
    raise AssertionError("unreachable: the last try returns or raises")


def main(staging: Path, coordinates: list[str]) -> None:
    """Fetch every artifact into ``staging``, telling each as it arrives."""
    context = repository(staging / "repository")
    artifacts = [context.create_dependency(coordinate).artifact for coordinate in coordinates]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in as_completed([pool.submit(fetch, artifact) for artifact in artifacts]):
            arrived = done.result()
            arrived.replace(staging / arrived.name)
            print(arrived.name, flush=True)  # noqa: T201 -- what the parent process reads


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
