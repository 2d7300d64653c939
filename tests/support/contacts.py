"""Builders of contacts: a company, a person, a registration as events would tell it."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, inspect, text
from stdnum import luhn

from services.contacts.commands.companies import add_establishment, create_company
from services.contacts.commands.exchanges import note_interaction
from services.contacts.commands.people import create_person
from services.contacts.models import Company, Interaction, Person
from services.contacts.schemas.companies import NewCompany, NewEstablishment
from services.contacts.schemas.exchanges import NewInteraction
from services.contacts.schemas.people import NewPerson
from shared.contracts.base import Visibility
from shared.contracts.events import Registration
from shared.db.engine import Database
from shared.db.session import Session
from shared.identity.access import Scope
from shared.ids import uuid7
from shared.messaging.registry import Record

LILLEBONNE, BOLBEC = "76384", "76114"
STARTS = datetime(2026, 9, 8, 6, 30, tzinfo=UTC)


def company_siren() -> str:
    """Return a valid SIREN of the range kept for fiction."""
    digits = "999" + "".join(random.choices("0123456789", k=5))  # noqa: S311 - no secret
    return digits + luhn.calc_check_digit(digits)


def siret_of(siren: str, *, place: int = 1) -> str:
    """Return a valid SIRET of a company."""
    digits = f"{siren}{place:04d}"
    return digits + luhn.calc_check_digit(digits)


def company_body(**given: object) -> dict[str, Any]:
    """Return the request that enters a company."""
    return {
        "siren": company_siren(),
        "name": "Ateliers Fictifs de Lillebonne",
        "naf": "25.62B",
        "naf_version": "rev2",
        "workforce_band": "21",
        "source": "Répertoire Sirene",
        "known_on": "2026-01-15",
    } | given


def person_body(**given: object) -> dict[str, Any]:
    """Return the request that enters a person."""
    return {
        "given_name": "Maud",
        "family_name": "Exemple",
        "email": "maud.exemple@example.org",
        "phone": "02 61 91 00 11",
        "source": "Rendez-vous dans l’entreprise",
        "collected_on": "2026-01-20",
        "informed_on": "2026-01-20",
        "purpose": "company_follow_up",
        "basis": "public_interest",
    } | given


async def make_company(session: Session, scope: Scope, *, commune: str | None = None, **given: object) -> Company:
    """Enter a company, with a head office when a commune is given."""
    company = await create_company(session, scope, NewCompany.model_validate(company_body(**given)))
    if commune:
        place = {
            "siret": siret_of(company.siren),
            "commune_insee": commune,
            "is_head_office": True,
            "source": "Répertoire Sirene",
            "known_on": "2026-01-15",
        }
        await add_establishment(session, scope, company.siren, asked=NewEstablishment.model_validate(place))
    return company


async def make_person(session: Session, scope: Scope, *, at: Company | None = None, **given: object) -> Person:
    """Enter a person, with a role at a company when one is given."""
    roles = [{"siren": at.siren, "title": "Directrice"}] if at else []
    return await create_person(session, scope, NewPerson.model_validate(person_body(roles=roles) | given))


async def make_interaction(session: Session, scope: Scope, company: Company, **given: object) -> Interaction:
    """Note an exchange."""
    asked = {"kind": "phone", "occurred_at": "2026-03-02T09:00:00Z", "initiated_by": "team", "summary": "Appel."}
    return await note_interaction(session, scope, company.siren, NewInteraction.model_validate(asked | given))


def registration(
    epci: str, *, id: UUID | None = None, version: int = 1, state: str = "attended", **given: object
) -> Record[Registration]:
    """Return the record of a registration that passed every check of the envelope."""
    key = id or uuid7()
    told = Registration.model_validate(
        {
            "id": key,
            "home_epci": epci,
            "version": version,
            "updated_at": STARTS,
            "event_id": uuid7(),
            "event_title": "Petit-déjeuner de la cybersécurité",
            "starts_at": STARTS,
            "state": state,
            "name": "Maud Exemple",
            "organisation": "Ateliers Fictifs de Lillebonne",
        }
        | given
    )
    return _record(epci, told, key=key, version=version, fact=state)


def withdrawn_registration(epci: str, *, id: UUID, version: int) -> Record[Registration]:
    """Return the tombstone of a registration."""
    return _record(epci, None, key=id, version=version, fact="erased")


def _record(epci: str, told: Registration | None, *, key: UUID, version: int, fact: str) -> Record[Registration]:
    return Record(
        state=told,
        aggregate="registration",
        id=key,
        epci=epci,
        version=version,
        fact=fact,
        time=STARTS + timedelta(hours=3),
        source=f"/epci/{epci}/events",
        message_id=str(uuid7()),
        visibility=Visibility.PRIVATE,
    )


async def rows_of(session: Session, statement: str) -> Sequence[Row[Any]]:
    """Return what a plain SQL statement reads, or do what it says."""
    await session.flush()
    result = await (await session.connection()).execute(text(statement))
    return result.all() if result.returns_rows else []


async def cards(session: Session) -> list[dict[str, Any] | None]:
    """Return the cards in the outbox, in order; a tombstone is ``None``."""
    rows = await rows_of(session, "SELECT payload FROM outbox_message ORDER BY seq")
    return [None if payload is None else json.loads(payload) for (payload,) in rows]


async def facts(session: Session) -> list[str]:
    """Return what the outbox tells, in order."""
    rows = await rows_of(session, "SELECT type FROM outbox_message ORDER BY seq")
    return [kind.split(".")[3] for (kind,) in rows]


async def every_cell(database: Database) -> list[str]:
    """Return each value of each column of each table, as text."""
    cells: list[str] = []
    async with database.reading() as session:
        connection = await session.connection()
        for name in await connection.run_sync(lambda opened: inspect(opened).get_table_names()):
            rows = await rows_of(session, f'SELECT * FROM "{name}"')  # noqa: S608 - names of our own tables
            cells += [_as_text(cell) for row in rows for cell in row]
    return cells


def _as_text(cell: object) -> str:
    return cell.decode() if isinstance(cell, bytes) else str(cell)
