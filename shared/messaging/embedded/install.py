"""Making this machine able to run Kafka, once: what ``make setup`` calls."""

import asyncio
import tempfile
from pathlib import Path

from shared.messaging.embedded.errors import LocalKafkaError
from shared.messaging.embedded.jars import Progress
from shared.messaging.embedded.jvm import Installation, installation
from shared.messaging.embedded.node import LocalKafka


def prepare(progress: Progress) -> None:
    """Fetch and verify Kafka, check Java, and record a start cache; next to nothing when all is there.

    Not to be called from a running event loop: the recording runs one.

    Raises:
        JavaMissing: no Java can run Kafka; installing one is not done here.
        JarsMissing: Kafka could not be fetched.
        JarRefused: a fetched file is not the one expected.
    """
    kafka = installation(progress)
    if not kafka.start_cache.exists():
        _record_start(kafka, progress)


def _record_start(kafka: Installation, progress: Progress) -> None:
    """Start and stop a node on a passing folder; without its recording Kafka only starts more slowly."""
    progress("Kafka\u00a0: premier démarrage, enregistré pour que les suivants soient deux fois plus courts")
    kafka.start_cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kafka.start_cache.parent) as folder:
        recording = Path(folder, "recording")
        try:
            asyncio.run(_run_once(Path(folder, "node"), recording))
        except LocalKafkaError as refusal:
            progress(str(refusal))
        if recording.exists():
            recording.replace(kafka.start_cache)


async def _run_once(folder: Path, recording: Path) -> None:
    node = LocalKafka(folder)
    await node.start(recording=recording)
    await node.stop(grace_s=60)
