"""Changes of people, their roles and what they oppose."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from sqlmodel import col, delete

from services.contacts.commands.cards import raise_and_tell, tell
from services.contacts.errors import LiftRefused, NothingOpposed, PersonProposed
from services.contacts.models import OppositionRecord, Person, PersonRole
from services.contacts.queries.companies import find_company, find_establishment
from services.contacts.queries.people import find_person_by_email, get_person
from services.contacts.rules.decisions import is_reachable, may_state, opposed_after
from services.contacts.rules.words import Statement
from services.contacts.schemas.people import UNREACHABLE, NewOpposition, NewPerson, PersonChange, RoleGiven
from shared.clock import now, today
from shared.db.session import Session
from shared.errors import Invalid, StaleVersion
from shared.identity.access import Scope
from shared.ids import uuid7

log = structlog.get_logger(__name__)


async def create_person(session: Session, scope: Scope, asked: NewPerson) -> Person:
    """Enter a person in the directory and tell her card.

    Raises:
        PersonProposed: somebody with this address is known.
        Invalid: a date lies ahead, or a role names a company or a place that is not in the directory.
    """
    await _refuse_known_address(session, scope, asked.email)
    if asked.collected_on > today():
        raise Invalid.field("collected_on", "Cette date est dans l’avenir.")
    person = Person(
        id=uuid7(),
        home_epci=scope.epci,
        created_at=now(),
        updated_at=now(),
        **asked.model_dump(exclude={"roles"}),
    )
    session.add(person)
    await session.flush()
    await _replace_roles(session, scope, person, asked.roles)
    await tell(session, scope, person)
    log.info("person_entered", person_id=str(person.id))
    return person


async def update_person(
    session: Session, scope: Scope, person_id: UUID, *, change: PersonChange, version: int
) -> Person:
    """Change a person and tell her card.

    Raises:
        PersonNotFound: nobody under this identifier, or erased.
        StaleVersion: she changed after ``version``, which the caller has seen.
        PersonProposed: somebody else is known under the new address.
        Invalid: neither address nor telephone left, or a role that names nothing of the directory.
    """
    person = await get_person(session, scope, person_id, lock=True)
    if person.version != version:
        raise StaleVersion("La fiche a changé entre-temps.", current=person.version)
    values = change.given()
    if change.email and change.email != person.email:
        await _refuse_known_address(session, scope, change.email)
    for name in values.keys() - {"roles"}:
        setattr(person, name, values[name])
    if not is_reachable(email=person.email, phone=person.phone):
        raise Invalid.field("email", UNREACHABLE)
    if change.roles is not None:
        await _replace_roles(session, scope, person, change.roles)
    await raise_and_tell(session, scope, person, changed=values)
    log.info("person_updated", person_id=str(person.id), version=person.version)
    return person


async def state_opposition(session: Session, scope: Scope, person_id: UUID, asked: NewOpposition) -> Person:
    """Add a statement to a person’s oppositions and tell her card.

    Raises:
        PersonNotFound: nobody under this identifier, or erased.
        LiftRefused: an opposition is lifted by the person alone.
        NothingOpposed: nothing to lift on this channel.
    """
    person = await get_person(session, scope, person_id, lock=True)
    if not may_state(asked.statement, by=asked.stated_by):
        raise LiftRefused("Seule la personne peut lever son opposition.", channel=asked.channel.value)
    if asked.statement is Statement.LIFTED and asked.channel.value not in person.opposed:
        raise NothingOpposed("Cette personne n’a exprimé aucune opposition sur ce canal.", channel=asked.channel.value)
    if asked.stated_on > today():
        raise Invalid.field("stated_on", "Cette date est dans l’avenir.")
    statement = OppositionRecord(
        id=uuid7(), person_id=person.id, actor=scope.actor, recorded_at=now(), **asked.model_dump()
    )
    session.add(statement)
    person.opposed = opposed_after(person.opposed, channel=asked.channel, statement=asked.statement)
    await raise_and_tell(session, scope, person, changed=["opposed"], fact="opposed")
    log.info("opposition_stated", person_id=str(person.id), channel=asked.channel.value, said=asked.statement.value)
    return person


async def _refuse_known_address(session: Session, scope: Scope, email: str | None) -> None:
    known = await find_person_by_email(session, scope, email) if email else None
    if known:
        raise PersonProposed(
            "Une personne est déjà connue sous cette adresse : complétez sa fiche.", person_id=str(known.id)
        )


async def _replace_roles(session: Session, scope: Scope, person: Person, roles: Sequence[RoleGiven]) -> None:
    await session.exec(delete(PersonRole).where(col(PersonRole.person_id) == person.id))
    for place, role in enumerate(roles):
        company = await find_company(session, scope, role.siren)
        if company is None:
            raise Invalid.field(f"roles.{place}.siren", "Cette entreprise n’est pas encore dans l’annuaire.")
        if role.siret and not await find_establishment(session, scope, role.siret):
            raise Invalid.field(f"roles.{place}.siret", "Cet établissement n’est pas encore dans l’annuaire.")
        kept = role.model_dump(exclude={"siren"})
        session.add(PersonRole(id=uuid7(), person_id=person.id, company_id=company.id, **kept))
    await session.flush()
