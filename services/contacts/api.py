"""JSON routes of contacts; agents only, the directory is never open to integrators or visitors."""

import structlog
from fastapi import Response

from services.contacts.commands import companies as register
from services.contacts.commands import erasure, exchanges
from services.contacts.commands import people as persons
from services.contacts.queries import companies as company_queries
from services.contacts.queries import exchanges as exchange_queries
from services.contacts.queries import people as person_queries
from services.contacts.schemas.base import Made
from services.contacts.schemas.companies import (
    CompanyChange,
    CompanySheet,
    CompanyView,
    EstablishmentView,
    NewCompany,
    NewEstablishment,
)
from services.contacts.schemas.exchanges import ExchangeView, NewInteraction, UnlinkedAttendance
from services.contacts.schemas.people import (
    NewOpposition,
    NewPerson,
    Opposed,
    PersonChange,
    PersonSheet,
    PersonView,
)
from shared.fields import Id, ShortLine, Siren
from shared.http.guards import Router, Who
from shared.http.paging import Listing, Page, listing, of_id
from shared.http.preconditions import Answered, OnlyOnce, Seen, tag
from shared.http.session import Reading, Transaction
from shared.identity.access import Right

log = structlog.get_logger(__name__)
router = Router(prefix="/api/v1", tags=["contacts"])


@router.act("/companies", right=Right.WRITE_CONTACTS, limit="token", status_code=201)
async def create_company(asked: NewCompany, session: Transaction, who: Who, answer: Answered) -> CompanyView:
    """Enter a company in the directory."""
    company = await register.create_company(session, who, asked)
    at = f"{router.prefix}/companies/{company.siren}"
    return answer.made(CompanyView.model_validate(company), version=company.version, at=at)


@router.read("/companies", right=Right.READ_PERSONS, limit="token")
async def list_companies(session: Reading, who: Who, page: Page, named: ShortLine = "") -> Listing[CompanyView]:
    """List companies in the order of their entry, those whose name holds ``named``."""
    found = await company_queries.list_companies(session, who, named=named, after=page.after, limit=page.limit + 1)
    return listing(found, limit=page.limit, by=of_id)


@router.read("/companies/{siren}", right=Right.READ_PERSONS, limit="token")
async def get_company(siren: Siren, session: Reading, who: Who, response: Response) -> CompanySheet:
    """Show a company and its establishments."""
    sheet = await company_queries.get_sheet(session, who, siren)
    tag(response, sheet.version)
    return sheet


@router.act("/companies/{siren}", right=Right.WRITE_CONTACTS, limit="token", method="PATCH")
async def update_company(
    siren: Siren, change: CompanyChange, session: Transaction, who: Who, seen: Seen, response: Response
) -> CompanyView:
    """Take new values of the register."""
    company = await register.update_company(session, who, siren, change=change, version=seen)
    tag(response, company.version)
    return CompanyView.model_validate(company)


@router.act("/companies/{siren}/establishments", right=Right.WRITE_CONTACTS, limit="token", status_code=201)
async def add_establishment(
    siren: Siren, asked: NewEstablishment, session: Transaction, who: Who, only_once: OnlyOnce, response: Response
) -> EstablishmentView:
    """Add an establishment to a company."""
    place = await register.add_establishment(session, who, siren, asked=asked)
    return only_once.keep(EstablishmentView.model_validate(place), response=response)


@router.act("/companies/{siren}/interactions", right=Right.WRITE_CONTACTS, limit="token", status_code=201)
async def note_interaction(
    siren: Siren, asked: NewInteraction, session: Transaction, who: Who, only_once: OnlyOnce, response: Response
) -> Made:
    """Note an exchange with a company."""
    interaction = await exchanges.note_interaction(session, who, siren, asked)
    return only_once.keep(Made(id=interaction.id), response=response)


@router.read("/companies/{siren}/interactions", right=Right.READ_PERSONS, limit="token")
async def list_exchanges(siren: Siren, session: Reading, who: Who, page: Page) -> Listing[ExchangeView]:
    """List the exchanges of a company, attended events among them, newest first."""
    found = await exchange_queries.list_exchanges(session, who, siren, after=page.after, limit=page.limit + 1)
    return listing(found, limit=page.limit, by=of_id)


@router.read("/attendances/unlinked", right=Right.READ_PERSONS, limit="token")
async def list_unlinked(session: Reading, who: Who, page: Page) -> Listing[UnlinkedAttendance]:
    """List the attendances that no company of the directory claims."""
    found = await exchange_queries.list_unlinked(session, who, after=page.after, limit=page.limit + 1)
    return listing(found, limit=page.limit, by=of_id)


@router.act("/people", right=Right.WRITE_CONTACTS, limit="token", status_code=201)
async def create_person(asked: NewPerson, session: Transaction, who: Who, answer: Answered) -> Made:
    """Enter a person in the directory."""
    person = await persons.create_person(session, who, asked)
    made = Made(id=person.id, version=person.version)
    return answer.made(made, version=person.version, at=f"{router.prefix}/people/{person.id}")


@router.read("/people", right=Right.READ_PERSONS, limit="token")
async def list_people(session: Reading, who: Who, page: Page, siren: Siren | None = None) -> Listing[PersonView]:
    """List people in the order of their entry, those with a role at ``siren``."""
    found = await person_queries.list_people(session, who, siren=siren, after=page.after, limit=page.limit + 1)
    log.info("people_listed", actor=str(who.actor), count=len(found))
    return listing(found, limit=page.limit, by=of_id)


@router.read("/people/{person_id}", right=Right.READ_PERSONS, limit="token")
async def get_person(person_id: Id, session: Reading, who: Who, response: Response) -> PersonSheet:
    """Show a person, her roles and what she opposed."""
    sheet = await person_queries.get_sheet(session, who, person_id)
    log.info("person_read", actor=str(who.actor), person_id=str(person_id))
    tag(response, sheet.version)
    return sheet


@router.act("/people/{person_id}", right=Right.WRITE_CONTACTS, limit="token", method="PATCH")
async def update_person(
    person_id: Id, change: PersonChange, session: Transaction, who: Who, seen: Seen, response: Response
) -> PersonView:
    """Change a person."""
    person = await persons.update_person(session, who, person_id, change=change, version=seen)
    tag(response, person.version)
    return await person_queries.get_view(session, who, person)


@router.act("/people/{person_id}/oppositions", right=Right.WRITE_CONTACTS, limit="token", status_code=201)
async def state_opposition(
    person_id: Id, asked: NewOpposition, session: Transaction, who: Who, only_once: OnlyOnce, response: Response
) -> Opposed:
    """Note what a person opposes, or no longer does."""
    person = await persons.state_opposition(session, who, person_id, asked)
    tag(response, person.version)
    answer = Opposed(id=person.id, version=person.version, opposed=tuple(person.opposed))
    return only_once.keep(answer, response=response)


@router.act("/people/{person_id}", right=Right.OPERATE, limit="token", method="DELETE", status_code=204)
async def erase_person(person_id: Id, session: Transaction, who: Who) -> None:
    """Erase everything personal that is held of somebody."""
    await erasure.erase_person(session, who, person_id)
