"""Changes of the register: companies and establishments."""

import structlog

from services.contacts.commands.cards import tell_people_at
from services.contacts.errors import AlreadyKnown
from services.contacts.models import Company, Establishment
from services.contacts.queries.companies import find_company, find_establishment, get_company, list_establishments
from services.contacts.rules.decisions import is_natural_person
from services.contacts.schemas.companies import CompanyChange, NewCompany, NewEstablishment
from shared.clock import now
from shared.db.session import Session
from shared.errors import Invalid, StaleVersion
from shared.identity.access import Scope
from shared.ids import uuid7

log = structlog.get_logger(__name__)

_ON_CARDS = {"name", "naf"}


async def create_company(session: Session, scope: Scope, asked: NewCompany) -> Company:
    """Enter a company in the directory, each value of the register with its source and date.

    Raises:
        AlreadyKnown: a company of this SIREN is there.
    """
    if await find_company(session, scope, asked.siren):
        raise AlreadyKnown("Cette entreprise est déjà dans l’annuaire.", siren=asked.siren)
    values = asked.model_dump(exclude={"source", "known_on", "siren", "demo"})
    company = Company(
        id=uuid7(),
        home_epci=scope.epci,
        siren=asked.siren,
        name=asked.name,
        demo=asked.demo,
        created_at=now(),
        updated_at=now(),
    )
    _take(company, values, asked)
    session.add(company)
    await session.flush()
    log.info("company_entered", company_id=str(company.id))
    return company


async def update_company(session: Session, scope: Scope, siren: str, *, change: CompanyChange, version: int) -> Company:
    """Take new values of the register, and tell of the people there what their cards show of it.

    Raises:
        CompanyNotFound: not in the directory.
        StaleVersion: the company changed after ``version``, which the caller has seen.
    """
    company = await get_company(session, scope, siren, lock=True)
    if company.version != version:
        raise StaleVersion("L’entreprise a changé entre-temps.", current=company.version)
    values = {name: value for name, value in change.given().items() if name not in {"source", "known_on"}}
    _take(company, values, change)
    company.version += 1
    company.updated_at = now()
    await session.flush()
    if _ON_CARDS & set(values):
        await tell_people_at(session, scope, company.id, changed=["organisation", "naf"])
    log.info("company_updated", company_id=str(company.id), version=company.version)
    return company


async def add_establishment(session: Session, scope: Scope, siren: str, *, asked: NewEstablishment) -> Establishment:
    """Add a place to a company; a new head office takes over from the former one.

    Raises:
        CompanyNotFound: not in the directory.
        Invalid: the SIRET belongs to another company.
        AlreadyKnown: an establishment of this SIRET is there.
    """
    company = await get_company(session, scope, siren, lock=True)
    if not asked.of(siren):
        raise Invalid.field("siret", "Ce SIRET n’est pas celui d’un établissement de cette entreprise.")
    if await find_establishment(session, scope, asked.siret):
        raise AlreadyKnown("Cet établissement est déjà dans l’annuaire.", siret=asked.siret)
    if asked.is_head_office:
        for other in await list_establishments(session, scope, company.id):
            other.is_head_office = False
    place = Establishment(id=uuid7(), company_id=company.id, created_at=now(), **asked.model_dump())
    session.add(place)
    company.version += 1
    company.updated_at = now()
    await session.flush()
    if place.is_head_office:
        await tell_people_at(session, scope, company.id, changed=["commune_insee"])
    log.info("establishment_added", establishment_id=str(place.id), company_id=str(company.id))
    return place


def _take(company: Company, values: dict[str, object], told: NewCompany | CompanyChange) -> None:
    """Write values of the register into a company, each with who said it and when."""
    legal_form = values.get("legal_form")
    if isinstance(legal_form, str):
        values["is_natural_person"] = is_natural_person(legal_form)
    for name, value in values.items():
        setattr(company, name, value)
    said = {"source": told.source, "on": told.known_on.isoformat()}
    known = {name: said for name, value in values.items() if value is not None}
    # A new object: SQLAlchemy does not see a change inside the old one.
    company.provenance = {**(company.provenance or {}), **known}
