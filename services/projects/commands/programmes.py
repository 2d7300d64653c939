"""Programmes are written by the EPCI that steers them, and read by the whole territory."""

from uuid import UUID

import structlog

from services.projects.commands.columns import columns_of
from services.projects.commands.versions import first_of, raise_version, require_seen
from services.projects.models import OutboxMessage, Programme
from services.projects.queries.governance import get_programme
from services.projects.schemas.governance import ProgrammeIn, ProgrammePatch
from services.projects.schemas.published import published_programme
from shared.clock import now
from shared.db.session import Session
from shared.errors import Invalid
from shared.identity.access import Scope
from shared.messaging.recorder import record, record_deletion

log = structlog.get_logger(__name__)


async def create_programme(session: Session, scope: Scope, wanted: ProgrammeIn) -> Programme:
    """Enter a programme and tell the territory of it."""
    programme = Programme(**first_of(scope), **columns_of(wanted))
    session.add(programme)
    await session.flush()  # aggregate before message: numbering must follow versions
    record(session, OutboxMessage, published_programme(programme), fact="created")
    log.info("programme_created", programme_id=str(programme.id))
    return programme


async def change_programme(
    session: Session, scope: Scope, programme_id: UUID, wanted: ProgrammePatch, *, version: int
) -> Programme:
    """Write what was sent into a programme.

    Raises:
        SteeringNotFound: nothing under this id within ``scope``.
        StaleVersion: the programme changed after ``version``.
        Invalid: it would end before it begins.
    """
    programme = await _take(session, scope, programme_id, version=version)
    for name, value in columns_of(wanted, sent_only=True).items():
        setattr(programme, name, value)
    if programme.starts_on and programme.ends_on and programme.ends_on < programme.starts_on:
        raise Invalid.field("ends_on", "La fin précède le début.")
    await raise_version(session, programme)
    state = published_programme(programme).model_copy(update={"changed": tuple(sorted(wanted.model_fields_set))})
    record(session, OutboxMessage, state, fact="updated")
    log.info("programme_changed", programme_id=str(programme_id))
    return programme


async def withdraw_programme(session: Session, scope: Scope, programme_id: UUID, *, version: int) -> None:
    """Withdraw a programme: every copy of it is told to go; projects keep its id.

    Raises:
        SteeringNotFound: nothing under this id within ``scope``.
        StaleVersion: the programme changed after ``version``.
    """
    programme = await _take(session, scope, programme_id, version=version)
    programme.withdrawn_at = now()
    await raise_version(session, programme)
    record_deletion(session, OutboxMessage, published_programme(programme), fact="withdrawn")
    programme.version += 1
    await session.flush()
    log.info("programme_withdrawn", programme_id=str(programme_id))


async def _take(session: Session, scope: Scope, programme_id: UUID, *, version: int) -> Programme:
    programme = await get_programme(session, scope, programme_id, lock=True)
    require_seen(programme, version, sentence="Le programme a changé entre-temps.")
    return programme
