"""Trouble of the infrastructure is waited out: for ever, with growing pauses, and not in silence."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

from shared.figures import STUCK
from shared.messaging.delivery.letters import Transient

log = structlog.get_logger(__name__)

FIRST_PAUSE = 0.2
# A handler that takes longer than five minutes leaves its group: pauses stay well below.
LONGEST_PAUSE = 24.0
ALERT_SECONDS = 300.0


@dataclass
class _Trouble:
    since: float
    pause: float = FIRST_PAUSE
    told: float = 0.0


@dataclass
class Patience:
    """The waiting of the groups of one service."""

    epci: str
    service: str
    _troubles: dict[str, _Trouble] = field(default_factory=dict, init=False)

    async def wait_out(self, group: str, error: BaseException) -> NoReturn:
        """Wait a little, then let the same records come again; after five minutes say so as an error.

        Raises:
            Transient: always.
        """
        instant = time.monotonic()
        trouble = self._troubles.setdefault(group, _Trouble(instant))
        waited = instant - trouble.since
        STUCK.labels(self.epci, self.service, group).set(waited)
        log.warning("database_away", group=group, error=type(error).__name__, pause=trouble.pause)
        if waited > ALERT_SECONDS and instant > trouble.told + ALERT_SECONDS:
            trouble.told = instant
            log.error("delivery_stuck", group=group, error=type(error).__name__, seconds=int(waited))
        await asyncio.sleep(trouble.pause * random.uniform(0.75, 1.25))  # noqa: S311 - spreads tries, keeps no secret
        trouble.pause = min(trouble.pause * 2, LONGEST_PAUSE)
        raise Transient from error

    def is_over(self, group: str) -> None:
        """Note that a group has got further."""
        if self._troubles.pop(group, None) is not None:
            STUCK.labels(self.epci, self.service, group).set(0)
