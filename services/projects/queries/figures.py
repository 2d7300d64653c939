"""Figures of the territory, read from what each project counts with; a shared project counts once, at its own EPCI."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import and_, false, func
from sqlmodel import col, select

from services.projects.models import KnownProject, Participant, Project, StageMove
from services.projects.queries.participations import list_invitations
from services.projects.queries.portfolio import conditions
from services.projects.rules.health import is_stale
from services.projects.rules.indexing import Digest
from services.projects.rules.portfolio import Counted, Inside, Portfolio, portfolio
from services.projects.schemas.wanted import Wanted
from shared.clock import day_of, today
from shared.contracts.base import Visibility
from shared.contracts.projects import Health, Kind, ParticipantStatus, Stage
from shared.db.session import Session
from shared.identity.access import Scope


async def get_portfolio(session: Session, scope: Scope, wanted: Wanted, *, inside: bool) -> Portfolio:
    """Return the figures of the projects that are asked for, in two statements.

    Args:
        session: a reading session.
        scope: who asks.
        wanted: which projects.
        inside: with what only this EPCI knows: its private projects, the amounts of its confidential ones. Without it
            every instance of the territory comes to the same figures.
    """
    own = _columns(Project).where(*conditions(scope, wanted, Project))
    if not inside:
        own = own.where(col(Project.visibility) != Visibility.PRIVATE)
        if wanted.asks_inside:  # elsewhere only their bare card could be chosen
            own = own.where(col(Project.confidential_until).is_(None))
    heard = _columns(KnownProject).where(*conditions(scope, wanted, KnownProject))
    rows = [*(await session.exec(own)).all(), *(await session.exec(heard)).all()]
    return portfolio(_counted(rows, inside=inside), today=today())


async def get_inside(session: Session, scope: Scope, wanted: Wanted) -> Inside:
    """Return what only this EPCI knows of its own projects: why they were given up, where nothing moves, who waits."""
    own, day = conditions(scope, wanted, Project), today()
    last = (
        select(func.max(StageMove.number))
        .where(StageMove.project_id == Project.id, StageMove.to_stage == Stage.ABANDONED, ~col(StageMove.undone))
        .correlate(Project)
        .scalar_subquery()
    )
    given_up = (
        select(StageMove.abandon_reason, func.count())
        .join(Project, and_(col(Project.id) == col(StageMove.project_id), col(StageMove.number) == last))
        .where(*own, Project.stage == Stage.ABANDONED)
        .group_by(col(StageMove.abandon_reason))
    )
    paces = await session.exec(select(Project.stage, Project.news_at).where(*own))
    asked = (
        select(func.count())
        .select_from(Participant)
        .join(Project, col(Project.id) == col(Participant.project_id))
        .where(*own, Participant.status == ParticipantStatus.INVITED)
    )
    return Inside(
        abandoned={str(reason or ""): count for reason, count in await session.exec(given_up)},
        stale=sum(is_stale(Stage(stage), day_of(news_at), today=day) for stage, news_at in paces),
        answers_awaited=(await session.exec(asked)).one(),
        answers_owed=sum(one.is_waiting for one in await list_invitations(session, scope)),
    )


def _columns(table: type[Project] | type[KnownProject]) -> Any:  # noqa: ANN401 - a select of eight columns
    own = table is Project
    return select(  # type: ignore[call-overload]  # more columns than it has overloads for
        col(table.home_epci),
        col(table.stage),
        col(table.axis),
        col(table.kind),
        col(Project.health_shown if own else KnownProject.health),
        col(table.total_cost_ht),
        col(table.digest),
        col(Project.confidential_until).is_not(None) if own else false(),
    )


def _counted(rows: Iterable[Any], *, inside: bool) -> Iterator[Counted]:
    for epci, stage, axis, kind, health, cost, digest, confidential in rows:
        plain = str(stage), str(axis) if axis else None
        if confidential and not inside:
            yield Counted(epci, *plain, kind=Kind.OTHER.value, health=Health.UNKNOWN.value)
        else:
            yield Counted(epci, *plain, str(kind), str(health), cost, Digest.read(digest))
