"""One process that hears a topic of its own once, and tries once what is parked: ``… URL EPCI BOOTSTRAP TOPIC``."""

import asyncio
import sys
from datetime import timedelta

from shared.clock import shifted
from shared.messaging.delivery import group_of
from shared.messaging.kafka import raw_of
from tests.support.backbone import SERVICE, open_bench
from tests.support.topics import dump


async def hear_once(url: str, epci: str, bootstrap: str, topic: str) -> None:
    """React to everything there is, keep it, then try again what waits."""
    bench = open_bench(url, epci=epci, bootstrap=bootstrap, members=[epci])
    letters = bench.letters()
    delivery = bench.delivery(letters)
    raws = [raw_of(one) for one in await dump(bootstrap, topic)]
    await delivery.react(group_of(epci, SERVICE, "reactor"), raws)
    await delivery.project(group_of(epci, SERVICE, "projector"), raws)
    with shifted(timedelta(minutes=2)):
        while await delivery.replay_parked():
            pass
    await letters.close()
    await bench.database.close()


def main() -> None:
    """Be that process."""
    asyncio.run(hear_once(*sys.argv[1:]))
