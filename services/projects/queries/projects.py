"""Reads of projects: own ones from own tables, others’ from what was heard; private ones exist for their EPCI only."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.projects.errors import ProjectNotFound
from services.projects.models import ExternalId, KnownProject, Project
from services.projects.rules.fiche import Inputs
from services.projects.rules.stages import listed_from, unmet_guards
from services.projects.rules.words import MOVES
from services.projects.schemas.answers import ProjectCard, TransitionShown, TransitionsShown, UnmetShown
from services.projects.schemas.published import full_state, published
from shared.clock import today
from shared.contracts import projects as wire
from shared.contracts.base import Visibility
from shared.db.session import Session
from shared.identity.access import Right, Scope
from shared.ids import TerritoryKey

HOME_ROWS = 50
WITHDRAWING = 200


def is_insider(scope: Scope) -> bool:
    """Tell whether somebody works on the projects of this EPCI, and may read them whole."""
    return scope.may(Right.WRITE_PROJECTS)


async def get_project(session: Session, scope: Scope, project_id: UUID, *, lock: bool = False) -> Project:
    """Return a project of this EPCI.

    Raises:
        ProjectNotFound: none, withdrawn, or private and not the caller’s to know.
    """
    statement = select(Project).where(Project.id == project_id, Project.home_epci == scope.epci)
    project = (await session.exec(statement.with_for_update() if lock else statement)).first()
    if project is None or project.withdrawn_at is not None:
        raise ProjectNotFound
    if not is_insider(scope) and project.visibility is Visibility.PRIVATE:
        raise ProjectNotFound
    return project


async def list_withdrawing(session: Session, scope: Scope, *, lock: bool = False) -> Sequence[Project]:
    """Return the projects shown less far than before, of which Kafka has not yet confirmed it."""
    statement = select(Project).where(Project.home_epci == scope.epci, col(Project.withdrawing)).limit(WITHDRAWING)
    return (await session.exec(statement.with_for_update() if lock else statement)).all()


async def get_territory_project(session: Session, scope: Scope, siren: str, project_id: UUID) -> wire.Project:
    """Return a project as its EPCI lets the territory read it.

    Raises:
        ProjectNotFound: nothing was heard of it, or it is not for the territory.
    """
    if siren == scope.epci:
        project = await get_project(session, scope, project_id)
        if project.visibility is Visibility.PRIVATE:
            raise ProjectNotFound
        return published(project)
    known = await session.get(KnownProject, (siren, project_id))
    if known is None or known.deleted:
        raise ProjectNotFound
    return wire.Project.model_validate_json(known.state)


async def list_states(session: Session, scope: Scope, keys: Sequence[TerritoryKey]) -> list[wire.Project]:
    """Return the states of these projects of the territory, in their order, without those nobody knows any more.

    Those of this EPCI are whole for its own people, as published for others.
    """
    ids = [key.id for key in keys]
    own = await session.exec(
        select(Project).where(
            Project.home_epci == scope.epci, col(Project.withdrawn_at).is_(None), col(Project.id).in_(ids)
        )
    )
    heard = await session.exec(
        select(KnownProject).where(col(KnownProject.id).in_(ids), col(KnownProject.deleted).is_(False))
    )
    found = {TerritoryKey(one.home_epci, one.id): wire.Project.model_validate_json(one.state) for one in heard}
    state = full_state if is_insider(scope) else published
    found |= {TerritoryKey(one.home_epci, one.id): state(one) for one in own}
    return [found[key] for key in keys if key in found]


async def list_by_keys(session: Session, scope: Scope, keys: Sequence[TerritoryKey]) -> list[ProjectCard]:
    """Return the rows of these projects in a list, in their order, without those nobody knows any more."""
    return [ProjectCard.of(one, own=one.home_epci == scope.epci) for one in await list_states(session, scope, keys)]


async def get_transitions(session: Session, scope: Scope, project_id: UUID) -> TransitionsShown:
    """Return every transition that starts from the present stage, with what is missing before each."""
    project = await get_project(session, scope, project_id)
    decides, day = scope.may(Right.DECIDE_PROJECTS), today()
    shown = []
    for one in listed_from(project.stage):
        unmet = unmet_guards(project, one.move, inputs=Inputs(), today=day)
        # What the move itself brings is asked for in its body, and is no reason to call it impossible.
        missing = [guard for guard in unmet if guard.field not in one.asks]
        shown.append(
            TransitionShown(
                move=one.move,
                label=MOVES[one.move],
                to=one.to,
                coordinator_only=one.coordinator,
                possible=not missing and (decides or not one.coordinator),
                asks=list(one.asks),
                unmet=[UnmetShown(code=guard.code, message=guard.message, field=guard.field) for guard in unmet],
            )
        )
    return TransitionsShown(stage=project.stage, version=project.version, transitions=shown)


async def list_by_external_ids(session: Session, scope: Scope, keys: Sequence[tuple[str, str]]) -> list[Project]:
    """Return the projects of this EPCI, withdrawn ones too, that another system calls by one of ``keys``."""
    found: dict[UUID, Project] = {}
    for key in keys:
        row = await session.get(ExternalId, key)
        project = await session.get(Project, row.project_id) if row else None
        if project is not None and project.home_epci == scope.epci:
            found[project.id] = project
    return list(found.values())


async def has_unchecked(session: Session, scope: Scope) -> bool:
    """Tell whether the health of a project of this EPCI is still to be computed today."""
    return (await session.exec(_unchecked(scope).limit(1))).first() is not None


async def list_unchecked(session: Session, scope: Scope, *, limit: int) -> Sequence[Project]:
    """Return projects of this EPCI whose health was not computed today."""
    ids = (await session.exec(_unchecked(scope).limit(limit))).all()
    return (await session.exec(select(Project).where(col(Project.id).in_(ids)).order_by(col(Project.id)))).all()


def _unchecked(scope: Scope) -> SelectOfScalar[UUID]:
    alive = (Project.home_epci == scope.epci, col(Project.withdrawn_at).is_(None))
    return select(Project.id).where(*alive, Project.health_checked_on < today()).order_by(col(Project.id))


@dataclass(frozen=True)
class PublicView:
    """The public projects of the territory: the last changed, how many in all, how many in delivery."""

    rows: Sequence[wire.Project]
    count: int
    in_delivery: int
    epci_in_delivery: int


async def get_public_view(session: Session, scope: Scope) -> PublicView:
    """Return what anybody may read of the projects of all EPCI; each counts once, at its own EPCI."""
    own = (
        Project.home_epci == scope.epci,
        Project.visibility == Visibility.PUBLIC,
        col(Project.withdrawn_at).is_(None),
        col(Project.confidential_until).is_(None),
    )
    heard = (
        KnownProject.home_epci != scope.epci,
        KnownProject.visibility == Visibility.PUBLIC.value,
        col(KnownProject.deleted).is_(False),
    )
    mine = await session.exec(select(Project).where(*own).order_by(col(Project.updated_at).desc()).limit(HOME_ROWS))
    theirs = await session.exec(
        select(KnownProject).where(*heard).order_by(col(KnownProject.occurred_at).desc()).limit(HOME_ROWS)
    )
    states = [published(one) for one in mine]
    states += [wire.Project.model_validate_json(one.state) for one in theirs]
    redacted = [wire.Project.model_validate(state.at(Visibility.PUBLIC)) for state in states]
    stages: dict[tuple[str, str], int] = {}
    for table, where in ((Project, own), (KnownProject, heard)):
        grouped = select(table.home_epci, table.stage, func.count()).where(*where)
        for epci, stage, many in await session.exec(grouped.group_by(table.home_epci, table.stage)):
            stages[epci, stage] = many
    return PublicView(
        rows=sorted(redacted, key=lambda state: state.updated_at, reverse=True)[:HOME_ROWS],
        count=sum(stages.values()),
        in_delivery=sum(many for (_, stage), many in stages.items() if stage == wire.Stage.DELIVERY),
        epci_in_delivery=sum(stage == wire.Stage.DELIVERY for _, stage in stages),
    )
