"""Choosing the files of a Kafka version: ``python -m shared.messaging.embedded.lock`` writes jars.lock anew."""

import hashlib
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import Artifact
from jgo.parse import Coordinate

from shared.messaging.embedded.fetch import AT_ONCE, fetch, repository
from shared.messaging.embedded.jars import LOCK

KAFKA = "4.3.1"
LOG4J = "2.25.4"

# kafka-clients is named and the log4j binding is raw (it manages nothing) because a binding's own dependency management
# would otherwise pull kafka-clients down to 3.9.1, with which the broker dies of NoSuchMethodError.
# The binding is the one for SLF4J 1, which Kafka brings.
WANTED = (
    Coordinate("org.apache.kafka", "kafka_2.13", KAFKA, scope="compile"),
    Coordinate("org.apache.kafka", "kafka-clients", KAFKA, scope="compile"),
    Coordinate("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J, scope="compile", raw=True),
)


def resolved(cache: Path) -> list[Artifact]:
    """Return every artifact the broker needs at run time."""
    context = repository(cache)
    named, brought = context.resolver.resolve([context.create_dependency(coordinate) for coordinate in WANTED])
    needed = named + [dependency for dependency in brought if dependency.scope in ("compile", "runtime")]
    return [dependency.artifact for dependency in needed]


def locked(artifact: Artifact) -> str:
    """Return the artifact's line: fingerprint, size in bytes, coordinate."""
    content = fetch(artifact).read_bytes()
    coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
    return f"{hashlib.sha256(content).hexdigest()} {len(content):>9} {coordinate}"


def main() -> None:
    """Resolve, fetch and write the list."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        lines = list(pool.map(locked, resolved(Path(folder))))
    header = f"# Kafka {KAFKA}: SHA-256, size, coordinate. Written by python -m {__spec__.name}; do not edit.\n"
    LOCK.write_text(header + "".join(f"{line}\n" for line in sorted(lines, key=lambda line: line.split()[-1])))
    sys.stdout.write(f"{LOCK.name}: {len(lines)} artifacts\n")


if __name__ == "__main__":
    main()
