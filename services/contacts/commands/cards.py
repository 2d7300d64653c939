"""Person cards: what the other services of the EPCI are told of somebody."""

from collections.abc import Iterable
from uuid import UUID

from services.contacts.models import OutboxMessage, Person
from services.contacts.queries.people import find_place, list_people_at
from shared.clock import now
from shared.contracts.contacts import PersonCard
from shared.db.session import Session, origin_of
from shared.identity.access import Scope
from shared.messaging.recorder import record


async def raise_and_tell(
    session: Session, scope: Scope, person: Person, *, changed: Iterable[str], fact: str = "upserted"
) -> None:
    """Raise the version of somebody who changed, and record her card."""
    person.version += 1
    person.updated_at = now()
    await tell(session, scope, person, changed=changed, fact=fact)


async def tell(
    session: Session, scope: Scope, person: Person, *, changed: Iterable[str] = (), fact: str = "upserted"
) -> None:
    """Record the card of somebody as she is now."""
    await session.flush()  # aggregate before message: numbering must follow versions
    card = await published(session, scope, person, changed=changed)
    record(session, OutboxMessage, card, fact=fact)


async def tell_people_at(session: Session, scope: Scope, company_id: UUID, *, changed: Iterable[str]) -> int:
    """Record the cards of everybody whose present role is at a company that changed; return how many."""
    people = await list_people_at(session, scope, company_id)
    for person in people:
        await raise_and_tell(session, scope, person, changed=changed)
    return len(people)


async def published(session: Session, scope: Scope, person: Person, *, changed: Iterable[str] = ()) -> PersonCard:
    """Return what is told of a person, with the company and commune of her present role."""
    company, place, _ = await find_place(session, scope, person.id)
    return PersonCard(
        id=person.id,
        home_epci=origin_of(session).epci,
        version=person.version,
        updated_at=person.updated_at,
        changed=tuple(sorted(changed)),
        given_name=person.given_name,
        family_name=person.family_name,
        email=person.email,
        organisation=company.name if company else "",
        siren=company.siren if company else None,
        naf=company.naf if company else None,
        commune_insee=place.commune_insee if place else None,
        opposed=tuple(person.opposed),
    )
