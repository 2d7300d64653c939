"""Reads of exchanges: a union by SIREN of what the team noted and of attended registrations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, or_, tuple_, union_all
from sqlalchemy import select as select_columns
from sqlmodel import col, select

from services.contacts.models import Company, Interaction, KnownRegistration, Person, PersonRole
from services.contacts.queries.companies import find_company
from services.contacts.queries.people import list_people_at
from services.contacts.rules.decisions import current_role
from services.contacts.rules.words import ExchangeSource, InitiatedBy, InteractionKind, InteractionVisibility
from services.contacts.schemas.exchanges import ExchangeView, UnlinkedAttendance
from shared.clock import today
from shared.db.session import Session
from shared.identity.access import Scope


async def list_exchanges(
    session: Session, scope: Scope, siren: str, *, after: UUID | None = None, limit: int
) -> Sequence[ExchangeView]:
    """Return the exchanges of a company, newest first; attended registrations show even before it is known here."""
    company = await find_company(session, scope, siren)
    attended = await _attended_by(session, scope, siren, company)
    entries = union_all(_noted(scope, company), attended).subquery()
    order = (entries.c.occurred_at, entries.c.id)
    page = select(entries.c.id, entries.c.source).order_by(order[0].desc(), order[1].desc()).limit(limit)
    if after:
        anchor = select_columns(entries.c.occurred_at).where(entries.c.id == after).scalar_subquery()
        page = page.where(tuple_(*order) < tuple_(anchor, literal(after, entries.c.id.type)))
    keys = [(key, ExchangeSource(source)) for key, source in await session.exec(page)]
    return await _views(session, keys)


async def list_unlinked(
    session: Session, scope: Scope, *, after: UUID | None = None, limit: int
) -> Sequence[UnlinkedAttendance]:
    """Return the attendances that no company of the directory claims, in the order of their registration."""
    companies = select(Company.siren).where(Company.home_epci == scope.epci)
    addresses = await _addresses_with_company(session, scope)
    by_siren = col(KnownRegistration.siren).in_(companies)
    by_email = col(KnownRegistration.siren).is_(None) & col(KnownRegistration.email).in_(addresses)
    statement = (
        select(KnownRegistration)
        .where(
            KnownRegistration.home_epci == scope.epci,
            col(KnownRegistration.attended).is_(True),
            ~func.coalesce(by_siren, False),
            ~func.coalesce(by_email, False),
        )
        .order_by(col(KnownRegistration.id))
        .limit(limit)
    )
    if after:
        statement = statement.where(col(KnownRegistration.id) > after)
    return [_unlinked(row) for row in await session.exec(statement)]


def _noted(scope: Scope, company: Company | None) -> Select[UUID, datetime, str]:
    readable = or_(col(Interaction.visibility) == InteractionVisibility.TEAM, col(Interaction.author) == scope.actor)
    return select_columns(
        col(Interaction.id).label("id"),
        col(Interaction.occurred_at).label("occurred_at"),
        literal(ExchangeSource.TEAM.value).label("source"),
    ).where(col(Interaction.company_id) == (company.id if company else None), readable)


async def _attended_by(
    session: Session, scope: Scope, siren: str, company: Company | None
) -> Select[UUID, datetime, str]:
    belongs: ColumnElement[bool] = col(KnownRegistration.siren) == siren
    if company:
        people = await list_people_at(session, scope, company.id)
        addresses = [person.email for person in people if person.email]
        belongs = or_(belongs, col(KnownRegistration.siren).is_(None) & col(KnownRegistration.email).in_(addresses))
    return select_columns(
        col(KnownRegistration.id),
        func.coalesce(col(KnownRegistration.starts_at), col(KnownRegistration.occurred_at)),
        literal(ExchangeSource.REGISTRATION.value),
    ).where(col(KnownRegistration.home_epci) == scope.epci, col(KnownRegistration.attended).is_(True), belongs)


async def _addresses_with_company(session: Session, scope: Scope) -> list[str]:
    statement = (
        select(Person, PersonRole)
        .join(PersonRole, col(PersonRole.person_id) == col(Person.id))
        .where(Person.home_epci == scope.epci, col(Person.email).is_not(None))
    )
    return [
        person.email
        for person, role in await session.exec(statement)
        if person.email and current_role([role], on=today())
    ]


async def _views(session: Session, keys: Sequence[tuple[UUID, ExchangeSource]]) -> Sequence[ExchangeView]:
    """Return the lines of these keys, in their order."""
    noted_ids = [key for key, source in keys if source is ExchangeSource.TEAM]
    attended_ids = [key for key, source in keys if source is ExchangeSource.REGISTRATION]
    noted = await session.exec(select(Interaction).where(col(Interaction.id).in_(noted_ids)))
    attended = await session.exec(select(KnownRegistration).where(col(KnownRegistration.id).in_(attended_ids)))
    views = {view.id: view for view in [*map(_of_team, noted), *map(_of_registration, attended)]}
    return [views[key] for key, _ in keys]


def _of_team(row: Interaction) -> ExchangeView:
    return ExchangeView(
        **row.model_dump(include={"id", "kind", "occurred_at", "initiated_by", "summary", "person_id", "event_id"}),
        source=ExchangeSource.TEAM,
        themes=tuple(row.themes),
        participant="",
    )


def _of_registration(row: KnownRegistration) -> ExchangeView:
    return ExchangeView(
        id=row.id,
        source=ExchangeSource.REGISTRATION,
        kind=InteractionKind.EVENT,
        occurred_at=row.starts_at or row.occurred_at,
        initiated_by=InitiatedBy.PERSON,
        summary=row.event_title,
        themes=(),
        person_id=None,
        participant=row.name,
        event_id=row.event_id,
    )


def _unlinked(row: KnownRegistration) -> UnlinkedAttendance:
    return UnlinkedAttendance(
        id=row.id,
        organisation=row.organisation,
        siren=row.siren,
        participant=row.name,
        event_id=row.event_id,
        event_title=row.event_title,
        occurred_at=row.starts_at or row.occurred_at,
    )
