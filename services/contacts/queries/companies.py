"""Reads of companies and establishments."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from services.contacts.errors import CompanyNotFound
from services.contacts.models import Company, Establishment
from services.contacts.schemas.companies import CompanySheet, CompanyView, sheet_of
from shared.db.session import Session
from shared.identity.access import Scope


async def find_company(session: Session, scope: Scope, siren: str, *, lock: bool = False) -> Company | None:
    """Return the company under a SIREN, if it is in the directory."""
    statement = select(Company).where(Company.home_epci == scope.epci, Company.siren == siren)
    return (await session.exec(statement.with_for_update() if lock else statement)).first()


async def get_company(session: Session, scope: Scope, siren: str, *, lock: bool = False) -> Company:
    """Return the company under a SIREN.

    Raises:
        CompanyNotFound: not in the directory.
    """
    company = await find_company(session, scope, siren, lock=lock)
    if company is None:
        raise CompanyNotFound(siren)
    return company


async def get_sheet(session: Session, scope: Scope, siren: str) -> CompanySheet:
    """Return a company with its establishments, the head office first.

    Raises:
        CompanyNotFound: not in the directory.
    """
    company = await get_company(session, scope, siren)
    return sheet_of(company, await list_establishments(session, scope, company.id))


async def list_companies(
    session: Session, scope: Scope, *, named: str = "", after: UUID | None = None, limit: int
) -> Sequence[CompanyView]:
    """Return companies in the order of their entry, those whose name holds ``named``."""
    statement = select(Company).where(Company.home_epci == scope.epci).order_by(col(Company.id)).limit(limit)
    if named:
        statement = statement.where(col(Company.name).icontains(named, autoescape=True))
    if after:
        statement = statement.where(col(Company.id) > after)
    return [CompanyView.model_validate(company) for company in await session.exec(statement)]


async def list_establishments(session: Session, scope: Scope, company_id: UUID) -> Sequence[Establishment]:
    """Return the establishments of a company, the head office first."""
    statement = (
        select(Establishment)
        .join(Company, col(Company.id) == col(Establishment.company_id))
        .where(Company.home_epci == scope.epci, Establishment.company_id == company_id)
        .order_by(col(Establishment.is_head_office).desc(), col(Establishment.siret))
    )
    return (await session.exec(statement)).all()


async def find_establishment(session: Session, scope: Scope, siret: str) -> Establishment | None:
    """Return the establishment under a SIRET, if it is in the directory."""
    statement = (
        select(Establishment)
        .join(Company, col(Company.id) == col(Establishment.company_id))
        .where(Company.home_epci == scope.epci, Establishment.siret == siret)
    )
    return (await session.exec(statement)).first()
