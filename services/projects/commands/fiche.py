"""Fiches are made, imported, changed, shown further, withdrawn."""

from typing import Any
from uuid import UUID

import structlog

from services.projects.commands.columns import as_column, line_columns, new_indicator
from services.projects.commands.telling import coordinator_only, take, tell, tell_first, tell_less_far
from services.projects.errors import AlreadyKnown
from services.projects.models import (
    Binome,
    ExternalId,
    FundingLine,
    OutboxMessage,
    Project,
    ReferenceCounter,
    StageMove,
)
from services.projects.queries.governance import get_binome
from services.projects.queries.projects import list_by_external_ids, list_withdrawing
from services.projects.rules.health import EXPLAINED
from services.projects.rules.words import Move
from services.projects.schemas.plan import ImportIn
from services.projects.schemas.published import published
from services.projects.schemas.requests import FicheFields, ProjectIn, ProjectPatch
from shared.clock import now, today
from shared.contracts.base import Visibility
from shared.contracts.projects import Kind, Stage
from shared.db.session import Session
from shared.db.upsert import insert_missing
from shared.errors import Invalid
from shared.identity.access import Scope
from shared.ids import uuid7
from shared.messaging.recorder import record_deletion
from shared.messaging.waiting import find_unconfirmed
from shared.territory.members import Territory

log = structlog.get_logger(__name__)

_HEALTH = frozenset({"health", "health_reason"})
_MONEY = frozenset({"total_cost_ht", "running_cost_ht_year", "yearly", "amounts_public"})
_DATES = frozenset({"planned_start", "planned_end", "actual_start", "actual_end"})
_APART = frozenset({"external_ids", "source", "stage", "stage_entered_on", "funding", "indicators"})


async def create_project(session: Session, scope: Scope, wanted: ProjectIn, *, territory: Territory) -> Project:
    """Log a new project at the stage ``idea`` and tell the territory of it.

    Raises:
        Forbidden: public from the start, asked by an agent.
        AlreadyKnown: another project has one of its external identifiers.
        SteeringNotFound: no such binôme.
    """
    if wanted.visibility is Visibility.PUBLIC:
        coordinator_only(scope)
    keys = [(one.service, one.id) for one in wanted.external_ids]
    if await list_by_external_ids(session, scope, keys):
        raise AlreadyKnown("Un projet porte déjà cet identifiant externe.", field="external_ids")
    project = await _new(session, scope, wanted, territory=territory)
    project.history = [_first_move(project, scope, to=Stage.IDEA)]
    await tell_first(session, project, fact="created")
    log.info("project_created", project_id=str(project.id))
    return project


async def import_project(
    session: Session, scope: Scope, wanted: ImportIn, *, territory: Territory
) -> tuple[Project, bool]:
    """Log a project as its source tells it, at any stage; tell whether it is new.

    The same external identifier gives the same project again, unchanged.

    Raises:
        Forbidden: an agent asks.
        AlreadyKnown: the identifiers are of several projects, or of one that was withdrawn.
    """
    coordinator_only(scope)
    found = await list_by_external_ids(session, scope, [(one.service, one.id) for one in wanted.external_ids])
    if len(found) > 1:
        raise AlreadyKnown("Ces identifiants externes désignent plusieurs projets.", field="external_ids")
    if found and found[0].withdrawn_at is not None:
        raise AlreadyKnown("Ce projet a été retiré ; il ne revient pas par un import.", field="external_ids")
    if found:
        return found[0], False
    project = await _new(session, scope, wanted, territory=territory)
    project.stage = wanted.stage
    project.source_label = wanted.source.label
    project.source_dated, project.source_quality = wanted.source.dated, wanted.source.quality
    move = _first_move(project, scope, to=wanted.stage, move=Move.IMPORT)
    move.entered_on = wanted.stage_entered_on or move.entered_on
    project.history = [move]
    project.lines = [FundingLine(**line_columns(one)) for one in wanted.funding]
    project.indicators = [new_indicator(one) for one in wanted.indicators]
    await tell_first(session, project, fact="created")
    log.info("project_imported", project_id=str(project.id), stage=project.stage.value)
    return project, True


async def change_project(
    session: Session, scope: Scope, project_id: UUID, wanted: ProjectPatch, *, version: int
) -> Project:
    """Write what was sent into a fiche; a request that changes nothing tells nothing.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        StaleVersion: the project changed after ``version``.
        Forbidden: an agent lifts confidentiality.
        Invalid: the fiche would contradict itself.
        SteeringNotFound: no such binôme.
    """
    project = await take(session, scope, project_id, version=version)
    new = _columns(wanted, sent_only=True)
    changed = {name for name, value in new.items() if getattr(project, name) != value}
    if not changed:
        return project
    if "confidential_until" in changed and project.confidential_until is not None:
        coordinator_only(scope)
    if "binome_id" in changed:
        project.binome = await _binome(session, scope, wanted)
    for name in changed:
        setattr(project, name, new[name])
    _require_coherent(project)
    if changed & _DATES:
        project.late_reported = False
    await tell(session, project, fact=_fact(changed), changed=changed)
    log.info("project_changed", project_id=str(project_id), fields=sorted(changed))
    return project


async def show_project(
    session: Session, scope: Scope, project_id: UUID, *, visibility: Visibility, version: int
) -> Project:
    """Show a project further than before, or less far: then it is being withdrawn until Kafka has confirmed it.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        StaleVersion: the project changed after ``version``.
        Forbidden: an agent asks.
    """
    project = await take(session, scope, project_id, version=version)
    coordinator_only(scope)
    before = project.visibility
    if before is visibility:
        return project
    project.visibility = visibility
    if visibility.reaches(before):
        await tell(session, project, fact="visibility_changed", changed=["visibility"])
    else:
        await tell_less_far(session, project, before=before)
    log.info("project_shown", project_id=str(project_id), visibility=visibility.value)
    return project


async def confirm_withdrawals(session: Session, scope: Scope) -> int:
    """Note of which projects Kafka has confirmed that the wider copies are gone; return of how many."""
    waiting = await list_withdrawing(session, scope, lock=True)
    unconfirmed = await find_unconfirmed(session, OutboxMessage, [one.id for one in waiting])
    done = [one for one in waiting if one.id not in unconfirmed]
    for project in done:
        project.withdrawing = False
        session.add(project)
        log.info("project_gone_from_wider_readers", project_id=str(project.id))
    return len(done)


async def withdraw_project(session: Session, scope: Scope, project_id: UUID, *, version: int) -> None:
    """Withdraw a project: its last state keeps axis and stage, then every copy of it is told to go.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        StaleVersion: the project changed after ``version``.
        Forbidden: an agent asks.
    """
    project = await take(session, scope, project_id, version=version)
    coordinator_only(scope)
    project.withdrawn_at = project.updated_at = now()
    project.version += 1
    await session.flush()
    if project.visibility is not Visibility.PRIVATE:
        record_deletion(session, OutboxMessage, published(project), fact="withdrawn", visibility=project.visibility)
        project.version += 1
        await session.flush()
    log.info("project_withdrawn", project_id=str(project_id))


async def _binome(session: Session, scope: Scope, wanted: FicheFields) -> Binome | None:
    return None if wanted.binome_id is None else await get_binome(session, scope, wanted.binome_id)


async def _new(session: Session, scope: Scope, wanted: ProjectIn, *, territory: Territory) -> Project:
    instant, day = now(), today()
    columns = _columns(wanted)
    if "amounts_public" not in wanted.model_fields_set:
        columns["amounts_public"] = wanted.kind is not Kind.COMPANY_INVESTMENT
    project = Project(
        id=uuid7(),
        home_epci=scope.epci,
        created_at=instant,
        updated_at=instant,
        news_at=instant,
        health_checked_on=day,
        reference=await _next_reference(session, scope, territory=territory, year=day.year),
        **columns,
    )
    project.binome = await _binome(session, scope, wanted)
    for part in ("lines", "milestones", "indicators", "applications", "decisions", "participants"):
        setattr(project, part, [])
    project.external_ids = [
        ExternalId(service=one.service, external_id=one.id, project_id=project.id) for one in wanted.external_ids
    ]
    return project


async def _next_reference(session: Session, scope: Scope, *, territory: Territory, year: int) -> str:
    """Return the next reference of the year; the counter’s row stays locked until the commit."""
    await insert_missing(session, ReferenceCounter, [{"year": year, "last": 0}], key=["year"])
    counter = await session.get_one(ReferenceCounter, year, with_for_update=True)
    counter.last += 1
    return f"{territory.code}-{territory.member(scope.epci).code}-{year}-{counter.last:04d}"


def _first_move(project: Project, scope: Scope, *, to: Stage, move: Move | None = None) -> StageMove:
    return StageMove(project_id=project.id, number=1, move=move, to_stage=to, entered_on=today(), actor=scope.actor)


def _columns(wanted: FicheFields, *, sent_only: bool = False) -> dict[str, Any]:
    """Return a request as columns of a project."""
    names = wanted.model_fields_set if sent_only else set(type(wanted).model_fields)
    columns = {name: as_column(getattr(wanted, name)) for name in names - _APART - {"sponsor"}}
    if "sponsor" in names:
        columns |= {f"sponsor_{name}": getattr(wanted.sponsor, name) for name in ("type", "siret", "name")}
    return columns


def _require_coherent(project: Project) -> None:
    pairs = {"planned_end": (project.planned_start, project.planned_end)}
    pairs["actual_end"] = (project.actual_start, project.actual_end)
    for field, (first, last) in pairs.items():
        if first and last and last < first:
            raise Invalid.field(field, "La fin précède le début.")
    if (project.lon is None) != (project.lat is None):
        raise Invalid.field("lat", "Indiquez la longitude et la latitude, les deux.")
    if project.health in EXPLAINED and not project.health_reason:
        raise Invalid.field("health_reason", "Indiquez le motif de la pause ou du blocage.")


def _fact(changed: set[str]) -> str:
    if "confidential_until" in changed:
        return "visibility_changed"
    if changed <= _HEALTH:
        return "health_changed"
    return "funding_changed" if changed <= _MONEY else "updated"
