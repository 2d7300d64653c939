"""Reads of people, their roles and what they oppose."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlmodel import col, select

from services.contacts.errors import PersonNotFound
from services.contacts.models import Company, Establishment, OppositionRecord, Person, PersonRole
from services.contacts.rules.decisions import current_role
from services.contacts.schemas.people import OppositionView, PersonSheet, PersonView, RoleView, view_of
from shared.clock import today
from shared.db.session import Session
from shared.identity.access import Scope


async def get_person(session: Session, scope: Scope, person_id: UUID, *, lock: bool = False) -> Person:
    """Return a person of the directory.

    Raises:
        PersonNotFound: nobody under this identifier, or erased.
    """
    statement = select(Person).where(
        Person.id == person_id, Person.home_epci == scope.epci, col(Person.erased_at).is_(None)
    )
    person = (await session.exec(statement.with_for_update() if lock else statement)).first()
    if person is None:
        raise PersonNotFound
    return person


async def find_person_by_email(session: Session, scope: Scope, email: str) -> Person | None:
    """Return whoever is known under a canonical address, the first noted if several."""
    statement = select(Person).where(Person.home_epci == scope.epci, Person.email == email).order_by(col(Person.id))
    return (await session.exec(statement)).first()


async def get_sheet(session: Session, scope: Scope, person_id: UUID) -> PersonSheet:
    """Return a person with her roles and the history of her oppositions.

    Raises:
        PersonNotFound: nobody under this identifier, or erased.
    """
    person = await get_person(session, scope, person_id)
    statement = (
        select(OppositionRecord).where(OppositionRecord.person_id == person.id).order_by(col(OppositionRecord.id))
    )
    history = tuple(OppositionView.model_validate(one) for one in await session.exec(statement))
    view = await get_view(session, scope, person)
    return PersonSheet(**view.model_dump(), oppositions=history)


async def get_view(session: Session, scope: Scope, person: Person) -> PersonView:
    """Return a person as lists show her."""
    return view_of(person, (await _role_views(session, scope, [person.id]))[person.id])


async def list_people(
    session: Session,
    scope: Scope,
    *,
    siren: str | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[PersonView]:
    """Return people in the order of their entry, those with a role at ``siren``."""
    statement = select(Person).where(Person.home_epci == scope.epci, col(Person.erased_at).is_(None))
    if siren:
        at_company = (
            select(PersonRole.person_id)
            .join(Company, col(Company.id) == col(PersonRole.company_id))
            .where(Company.siren == siren)
        )
        statement = statement.where(col(Person.id).in_(at_company))
    if after:
        statement = statement.where(col(Person.id) > after)
    people = (await session.exec(statement.order_by(col(Person.id)).limit(limit))).all()
    roles = await _role_views(session, scope, [person.id for person in people])
    return [view_of(person, roles[person.id]) for person in people]


async def list_roles(session: Session, scope: Scope, person_id: UUID) -> Sequence[PersonRole]:
    """Return the roles of a person, past ones included."""
    statement = (
        select(PersonRole)
        .join(Person, col(Person.id) == col(PersonRole.person_id))
        .where(Person.home_epci == scope.epci, PersonRole.person_id == person_id)
    )
    return (await session.exec(statement)).all()


async def list_people_at(session: Session, scope: Scope, company_id: UUID) -> Sequence[Person]:
    """Return the people whose present role is at a company."""
    here = select(PersonRole.person_id).where(PersonRole.company_id == company_id)
    statement = (
        select(Person, PersonRole)
        .join(PersonRole, col(PersonRole.person_id) == col(Person.id))
        .where(Person.home_epci == scope.epci, col(Person.id).in_(here))
    )
    people: dict[UUID, Person] = {}
    roles: dict[UUID, list[PersonRole]] = defaultdict(list)
    for person, role in await session.exec(statement):
        people[person.id] = person
        roles[person.id].append(role)
    present = {key: current_role(held, on=today()) for key, held in roles.items()}
    return [people[key] for key, role in present.items() if role is not None and role.company_id == company_id]


async def find_place(
    session: Session, scope: Scope, person_id: UUID
) -> tuple[Company | None, Establishment | None, PersonRole | None]:
    """Return where somebody is now: company, establishment of the role or else the head office, role."""
    role = current_role(await list_roles(session, scope, person_id), on=today())
    if role is None:
        return None, None, None
    company = await session.get(Company, role.company_id)
    statement = select(Establishment).where(Establishment.company_id == role.company_id)
    if role.siret:
        statement = statement.where(Establishment.siret == role.siret)
    else:
        statement = statement.where(col(Establishment.is_head_office).is_(True))
    return company, (await session.exec(statement)).first(), role


async def _role_views(
    session: Session, scope: Scope, person_ids: Iterable[UUID]
) -> defaultdict[UUID, tuple[RoleView, ...]]:
    statement = (
        select(PersonRole, Company)
        .join(Company, col(Company.id) == col(PersonRole.company_id))
        .where(Company.home_epci == scope.epci, col(PersonRole.person_id).in_(list(person_ids)))
        .order_by(col(PersonRole.id))
    )
    views: defaultdict[UUID, tuple[RoleView, ...]] = defaultdict(tuple)
    for role, company in await session.exec(statement):
        views[role.person_id] += (
            RoleView(
                siren=company.siren,
                company=company.name,
                siret=role.siret,
                title=role.title,
                since=role.since,
                until=role.until,
            ),
        )
    return views
