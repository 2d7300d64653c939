"""Whether a service may publish: not while another database speaks in its name, nor after a restore unchecked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import structlog
from sqlmodel import select

from shared.contracts.base import State
from shared.db.trouble import AWAY
from shared.messaging.registry import Record
from shared.service import RunningService

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0


class Held(StrEnum):
    """Why nothing of a service is published; as operators read it."""

    NOTHING = ""
    CHECKING = "vérification des sujets de l’EPCI en cours"
    FOREIGN = "une autre base publie sous ce SIREN\u00a0: arrêtez-la, puis «\u00a0estuaire restore-check --adopt\u00a0»"
    RESTORED = "base restaurée\u00a0: lancez «\u00a0estuaire restore-check\u00a0»"


@dataclass
class Gate:
    """The gate of one service’s relay; closed until its topics say that nobody else speaks for it."""

    service: RunningService
    held: Held = Held.CHECKING
    _others: set[str] = field(default_factory=set)
    _known: set[str] = field(default_factory=set)

    @property
    def is_open(self) -> bool:
        """Tell whether the relay may publish."""
        return self.held is Held.NOTHING

    def hear(self, record: Record[State]) -> None:
        """Note whose sign of life this is; a database that is not this one closes the gate at once."""
        origin = self.service.database.origin
        if origin is None or record.source.rpartition("/")[2] != self.service.manifest.name:
            return
        if not record.instance or record.instance == str(origin.instance) or record.instance in self._known:
            return
        self._others.add(record.instance)
        if self.held is not Held.CHECKING:
            self._close(Held.FOREIGN)

    async def look(self) -> None:
        """Ask the database whether it was restored, and which others it used to be."""
        tables = self.service.manifest.tables
        async with self.service.database.reading() as session:
            me = (await session.exec(select(tables.incarnation))).one()
            self._known = {str(id) for id in (await session.exec(select(tables.former.id))).all()}
        self._others -= self._known
        if me.restored_at is not None:
            self._close(Held.RESTORED)
        elif self._others:
            self._close(Held.FOREIGN)
        elif not self.is_open:
            self.held = Held.NOTHING
            log.info("publishing_allowed", service=self.service.called)

    def _close(self, why: Held) -> None:
        if self.held is not why:
            self.held = why
            log.critical("publishing_refused", service=self.service.called, reason=why.name.lower())


async def keep_looking(gates: Sequence[Gate], caught_up: asyncio.Event) -> None:
    """Open the gates once the topics were read, and look again every few seconds, for ever."""
    await caught_up.wait()
    while True:
        for gate in gates:
            try:
                await gate.look()
            except AWAY as error:
                log.warning("gate_not_looked_at", service=gate.service.called, error=type(error).__name__)
        await asyncio.sleep(LOOK_SECONDS)
