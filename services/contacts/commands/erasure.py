"""The end of a person: nothing personal is left in this service, and the others are told."""

import json
from uuid import UUID

import structlog
from sqlmodel import col, delete, select, update

from services.contacts.models import (
    Interaction,
    KnownRegistration,
    OutboxMessage,
    Person,
    PersonRole,
    StoredAnswer,
)
from services.contacts.queries.people import get_person, list_roles
from services.contacts.rules.decisions import ERASED, without_words
from shared.clock import now
from shared.contracts.contacts import PersonCard
from shared.db.session import Session, origin_of
from shared.identity.access import Scope, instance_scope
from shared.messaging.recorder import record_deletion

log = structlog.get_logger(__name__)


async def erase_person(session: Session, scope: Scope, person_id: UUID) -> None:
    """Empty everything personal that is held of somebody, and bury her card.

    What she opposed stays as an anonymous history under her identifier; exchanges keep their date, kind and themes.

    Raises:
        PersonNotFound: nobody under this identifier, or erased already.
    """
    person = await get_person(session, scope, person_id, lock=True)
    await _scrub_exchanges(session, scope, person)
    await _scrub_copies(session, person)
    await session.exec(delete(PersonRole).where(col(PersonRole.person_id) == person.id))
    _empty(person)
    await session.flush()
    last = PersonCard(
        id=person.id,
        home_epci=origin_of(session).epci,
        version=person.version - 1,
        updated_at=person.updated_at,
    )
    record_deletion(session, OutboxMessage, last, fact="erased")
    log.info("person_erased", person_id=str(person.id), actor=str(scope.actor or ""))


async def erase_again(session: Session, person_id: UUID) -> None:
    """Erase somebody whom a restored copy brought back, if it did."""
    person = await session.get(Person, person_id)
    if person is not None and person.erased_at is None:
        await erase_person(session, instance_scope(origin_of(session).epci), person_id)


def _empty(person: Person) -> None:
    person.given_name = person.family_name = person.source = ""
    person.email = person.phone = person.language = None
    person.collected_on = person.informed_on = person.last_inbound_at = None
    person.opposed = []
    person.version += 2  # the last card and the tombstone
    person.erased_at = person.updated_at = now()


async def _scrub_exchanges(session: Session, scope: Scope, person: Person) -> None:
    """Empty the summaries of her exchanges; take her names out of those of the companies where she had a role."""
    companies = {role.company_id for role in await list_roles(session, scope, person.id)}
    hers = col(Interaction.person_id) == person.id
    statement = select(Interaction).where(hers | col(Interaction.company_id).in_(companies))
    words = await _words_of(session, person)
    for interaction in await session.exec(statement):
        if interaction.person_id == person.id:
            interaction.person_id, interaction.summary = None, ERASED
        else:
            interaction.summary = without_words(interaction.summary, words)


async def _words_of(session: Session, person: Person) -> list[str]:
    """Return what names somebody, now and in the past cards that are still in the outbox."""
    past = select(OutboxMessage.payload).where(col(OutboxMessage.key) == str(person.id))
    told = [json.loads(payload) for payload in await session.exec(past) if payload is not None]
    former = {str(card.get(name) or "") for card in told for name in ("given_name", "family_name", "email")}
    return [*former, person.given_name, person.family_name, person.email or "", person.phone or ""]


async def _scrub_copies(session: Session, person: Person) -> None:
    """Empty the past cards in the outbox, the answers kept that name her, and the copies of her registrations."""
    # Published or not: a record without value is a tombstone, and the versions that follow say the same.
    past = update(OutboxMessage).where(col(OutboxMessage.key) == str(person.id)).values(payload=None)
    await session.exec(past)
    kept = col(StoredAnswer.body).contains(str(person.id), autoescape=True)
    emptied = json.dumps({"id": str(person.id)})
    await session.exec(update(StoredAnswer).where(kept).values(body=emptied))
    if person.email:
        registrations = update(KnownRegistration).where(col(KnownRegistration.email) == person.email)
        await session.exec(registrations.values(name=ERASED, email=None))
