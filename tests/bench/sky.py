"""The sky: Kafka’s own performance tool, on the same broker."""

import asyncio
import os
import re
from pathlib import Path

from shared.messaging.embedded.jars import ensure_jars
from shared.messaging.embedded.java import find_java
from shared.messaging.embedded.jvm import LOG4J
from shared.messaging.embedded.node import silent
from tests.bench.child import ProbeFailed, Result

TOOLS = Path(__file__).with_name("tools.lock")
_RATE = re.compile(r"^(\d+) records sent, ([\d.,]+) records/sec", re.MULTILINE)


async def producer_performance(bootstrap: str, *, to: str, rows: int, size: int) -> Result:
    """Return what ``ProducerPerformance`` says of records of ``size`` bytes, acknowledged by all replicas.

    Raises:
        ProbeFailed: it gave no figure.
    """
    jars = await asyncio.to_thread(lambda: [*ensure_jars(silent), *ensure_jars(silent, lock=TOOLS)])
    process = await asyncio.create_subprocess_exec(
        *(str(find_java().executable), "-Xms64m", "-Xmx256m", f"-Dlog4j2.configurationFile={LOG4J.as_uri()}"),
        *("-cp", os.pathsep.join(map(str, jars)), "org.apache.kafka.tools.ProducerPerformance"),
        *("--bootstrap-server", bootstrap, "--topic", to, "--num-records", str(rows), "--record-size", str(size)),
        *("--throughput", "-1", "--command-property", "acks=all", "enable.idempotence=true", "linger.ms=2"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    found = _RATE.findall(output)
    if process.returncode or not found:
        raise ProbeFailed(f"ProducerPerformance: {output[-2000:]}")
    return {"per_second": float(found[-1][1].replace(",", "."))}
