"""Exchanges noted by the team, and the copies of registrations that show as exchanges."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog

from services.contacts.commands.cards import raise_and_tell
from services.contacts.models import Interaction, KnownRegistration
from services.contacts.queries.companies import get_company
from services.contacts.queries.people import get_person
from services.contacts.rules.words import InitiatedBy
from services.contacts.schemas.exchanges import NewInteraction
from shared.clock import now
from shared.contracts.events import Registration, RegistrationState
from shared.db.session import Session
from shared.errors import Invalid
from shared.identity.access import Scope
from shared.ids import uuid7
from shared.messaging.known import keep_known
from shared.messaging.registry import Record

log = structlog.get_logger(__name__)

_CLOCK_SKEW = timedelta(minutes=5)


async def note_interaction(session: Session, scope: Scope, siren: str, asked: NewInteraction) -> Interaction:
    """Note an exchange with a company; one that the person sought renews how long she is kept.

    Raises:
        CompanyNotFound: not in the directory.
        PersonNotFound: nobody under this identifier, or erased.
        Invalid: the exchange lies in the future.
    """
    company = await get_company(session, scope, siren)
    person = await get_person(session, scope, asked.person_id, lock=True) if asked.person_id else None
    if asked.occurred_at > now() + _CLOCK_SKEW:
        raise Invalid.field("occurred_at", "Un échange ne se note qu’une fois qu’il a eu lieu.")
    values = asked.model_dump() | {"themes": [theme.value for theme in asked.themes]}
    interaction = Interaction(id=uuid7(), company_id=company.id, author=scope.actor, created_at=now(), **values)
    session.add(interaction)
    await session.flush()
    sought = asked.initiated_by is InitiatedBy.PERSON
    if person and sought and (person.last_inbound_at is None or person.last_inbound_at < asked.occurred_at):
        person.last_inbound_at = asked.occurred_at
        await raise_and_tell(session, scope, person, changed=["last_inbound_at"])
    log.info("interaction_noted", interaction_id=str(interaction.id), company_id=str(company.id))
    return interaction


async def keep_registrations(session: Session, records: Sequence[Record[Registration]]) -> None:
    """Hold the newest state of each registration, and of whom it is only while it says ``attended``."""
    await keep_known(session, KnownRegistration, records, more=_columns)


def _columns(record: Record[Registration]) -> dict[str, Any]:
    state = record.state
    attended = state is not None and state.state is RegistrationState.ATTENDED
    told = state if attended else None
    return {
        "state": "",  # the columns below are all that this service needs of it
        "attended": attended,
        "event_id": state.event_id if state else None,
        "event_title": state.event_title if state else "",
        "starts_at": state.starts_at if state else None,
        "siren": told.siren if told else None,
        "organisation": told.organisation if told else "",
        "name": told.name if told else "",
        "email": told.email if told else None,
    }
