"""Reads of kept views, and of the money of each month’s end."""

from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import col, select

from services.projects.models import FundingSnapshot, Project, SavedView
from services.projects.schemas.views import MonthShown, ViewShown
from shared.db.session import Session
from shared.identity.access import Scope

VIEW = "Cette vue"


async def list_views(session: Session, scope: Scope) -> list[ViewShown]:
    """Return the views of whoever asks and those shared within this EPCI, by name."""
    statement = select(SavedView).where(
        SavedView.home_epci == scope.epci, or_(col(SavedView.owner) == scope.actor, col(SavedView.shared))
    )
    found = await session.exec(statement.order_by(col(SavedView.name), col(SavedView.id)))
    return [show_view(one, scope) for one in found]


async def count_views(session: Session, scope: Scope) -> int:
    """Return how many views somebody has kept."""
    statement = select(func.count()).where(SavedView.home_epci == scope.epci, SavedView.owner == scope.actor)
    return (await session.exec(statement)).one()


async def find_view(session: Session, scope: Scope, view_id: UUID) -> SavedView | None:
    """Return a view of this EPCI."""
    statement = select(SavedView).where(SavedView.id == view_id, SavedView.home_epci == scope.epci)
    return (await session.exec(statement)).first()


async def list_months(session: Session, scope: Scope) -> list[MonthShown]:
    """Return the money of each month’s end, oldest first."""
    statement = (
        select(  # type: ignore[call-overload]  # five columns
            col(FundingSnapshot.month_end),
            func.count(func.distinct(col(FundingSnapshot.project_id))),
            func.sum(col(FundingSnapshot.requested)),
            func.sum(col(FundingSnapshot.granted)),
            func.sum(col(FundingSnapshot.paid)),
        )
        .join(Project, col(Project.id) == col(FundingSnapshot.project_id))
        .where(Project.home_epci == scope.epci)
        .group_by(col(FundingSnapshot.month_end))
        .order_by(col(FundingSnapshot.month_end))
    )
    names = tuple(MonthShown.model_fields)
    return [MonthShown(**dict(zip(names, row, strict=True))) for row in await session.exec(statement)]


def show_view(view: SavedView, scope: Scope) -> ViewShown:
    """Return a view as whoever asks may see it."""
    plain = {name: getattr(view, name) for name in ViewShown.model_fields if name != "own"}
    return ViewShown.model_validate(plain | {"own": view.owner == scope.actor})
