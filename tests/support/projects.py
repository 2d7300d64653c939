"""Builders of projects, EPCI that hear each other without Kafka, and plain pieces for rules."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.projects.commands import fiche
from services.projects.commands.moves import move_project
from services.projects.models import OutboxMessage, Project
from services.projects.rules.words import Body, MilestoneStatus, Move, Outcome
from services.projects.schemas.requests import MoveIn, ProjectIn
from shared.clock import now
from shared.contracts.projects import FunderType, FundingNature, FundingStatus, Health, SponsorType, Stage
from shared.db.engine import Database
from shared.db.session import Session
from shared.identity.access import Role, Scope
from shared.ids import uuid7
from shared.messaging.envelope import RawRecord, read
from shared.messaging.outbox import OutboxColumns
from shared.messaging.registry import Record
from shared.territory.members import Territory

NEED = "Onze entreprises de mécanique cherchent entre trois cents et cinq cents mètres carrés. " * 3
SIRET = "99910010000018"


def fiche_body(**given: object) -> dict[str, Any]:
    """Return the request that logs a project which passes the first guards."""
    return {
        "title": "Ateliers Fictifs du Robec, reconversion d’une halle",
        "kind": "land_brownfield",
        "axis": "industrial_land",
        "commune_insee": ["76575"],
        "sponsor": {"type": "company", "name": "Ateliers Fictifs du Robec", "siret": SIRET},
        "public_summary": "Remise en état d’une halle inoccupée.",
        "summary": "Désamiantage et création de six cellules.",
        "objectives": "Accueillir quatre entreprises en deux ans.",
        "need_statement": NEED,
        "project_manager": str(uuid7()),
        "total_cost_ht": "1000.00",
    } | given


async def make_project(session: Session, scope: Scope, territory: Territory, **given: object) -> Project:
    """Log a project at the stage ``idea``."""
    return await fiche.create_project(
        session, scope, ProjectIn.model_validate(fiche_body(**given)), territory=territory
    )


async def moved(session: Session, scope: Scope, project: Project, move: str, **given: object) -> Project:
    """Make a move at the present version."""
    wanted = MoveIn.model_validate({"move": move} | given)
    return await move_project(session, scope, project.id, wanted, version=project.version)


def people(epci: str, role: Role = Role.COORDINATOR) -> Scope:
    """Return somebody of an EPCI."""
    return Scope(epci=epci, role=role, actor=uuid7())


@dataclass
class Epci:
    """One EPCI: its database, and what was taken from its outbox so far."""

    siren: str
    database: Database
    taken: int = 0

    async def sent(self, members: Sequence[str]) -> list[Record[Any]]:
        """Return the territory records added to the outbox since the last call, as a reader gets them."""
        async with self.database.reading() as session:
            statement = select(OutboxMessage).where(col(OutboxMessage.seq) > self.taken)
            rows = (await session.exec(statement.order_by(col(OutboxMessage.seq)))).all()
        self.taken = max([self.taken, *(row.seq or 0 for row in rows)])
        return [_heard(row, members) for row in rows if ".territory." in row.topic]


def _heard(row: OutboxColumns, members: Sequence[str]) -> Record[Any]:
    headers = tuple((name, str(value).encode()) for name, value in json.loads(row.headers).items())
    raw = RawRecord(row.topic, 0, row.seq or 0, 0, row.key.encode(), row.payload, headers)
    return read(raw, members=set(members), now=now())


async def outbox(session: Session) -> list[OutboxColumns]:
    """Return what was recorded, in order."""
    await session.flush()
    return list((await session.exec(select(OutboxMessage).order_by(col(OutboxMessage.seq)))).all())


def facts(rows: Sequence[OutboxColumns], *, scope: str = "territory") -> list[str]:
    """Return what one topic was told, in order."""
    return [row.type.split(".")[3] for row in rows if f".{scope}." in row.topic]


def content(row: OutboxColumns) -> dict[str, Any]:
    """Return the value of a record."""
    assert row.payload is not None
    value: dict[str, Any] = json.loads(row.payload)
    return value


@dataclass(frozen=True)
class PlainLine:
    """A funding line without a database."""

    status: FundingStatus = FundingStatus.PLANNED
    nature: FundingNature = FundingNature.GRANT
    funder: FunderType = FunderType.REGION
    amount_planned: Decimal | None = None
    amount_requested: Decimal | None = None
    amount_granted: Decimal | None = None
    amount_paid: Decimal | None = None
    grant_equivalent: Decimal | None = None
    filed_on: date | None = None
    fallback_line_id: UUID | None = None


@dataclass(frozen=True)
class PlainDecision:
    """A decision without a database."""

    outcome: Outcome = Outcome.FAVOURABLE
    decided_on: date = date(2026, 6, 1)
    body: Body = Body.TERRITORY_COMMITTEE
    reference: str = "DEMO-01"
    accepted_gap_eur: Decimal | None = None


@dataclass(frozen=True)
class PlainMove:
    """A past move without a database."""

    move: Move | None = None
    from_stage: Stage | None = None
    to_stage: Stage = Stage.IDEA
    entered_on: date = date(2026, 1, 1)
    undone: bool = False


@dataclass(frozen=True)
class PlainStep:
    """A milestone without a database."""

    due: date | None = None
    status: MilestoneStatus = MilestoneStatus.PLANNED


@dataclass(frozen=True)
class PlainIndicator:
    """An indicator without a database."""

    label: str = "Emplois"
    target: object | None = None
    actual: object | None = None
    not_measurable: bool = False
    not_measurable_reason: str = ""


@dataclass(frozen=True)
class PlainFiche:
    """A fiche without a database; as made here it passes no guard that asks for something."""

    stage: Stage = Stage.IDEA
    health: Health = Health.ON_TRACK
    planned_end: date | None = None
    late_reported: bool = False
    title: str = ""
    axis: str | None = None
    commune_insee: Sequence[str] = ()
    sponsor_type: SponsorType = SponsorType.COMPANY
    sponsor_name: str = ""
    origin_kinds: Sequence[str] = ()
    need_statement: str = ""
    project_manager: UUID | None = None
    total_cost_ht: Decimal | None = None
    actual_start: date | None = None
    actual_end: date | None = None
    lines: Sequence[PlainLine] = ()
    milestones: Sequence[PlainStep] = ()
    indicators: Sequence[Any] = ()
    decisions: Sequence[PlainDecision] = ()
    history: Sequence[PlainMove] = field(default_factory=lambda: (PlainMove(),))
    summary: str = ""
    objectives: str = ""
    planned_start: date | None = None
