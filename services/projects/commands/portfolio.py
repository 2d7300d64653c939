"""Views are kept and forgotten; the money of each month’s end is written down once."""

from datetime import date, timedelta
from uuid import UUID

import structlog
from sqlalchemy import func, insert, literal
from sqlmodel import col, select

from services.projects.errors import ListFull, SteeringNotFound
from services.projects.models import FundingLine, FundingMonth, FundingSnapshot, Project, SavedView
from services.projects.queries.views import VIEW, count_views, find_view
from services.projects.schemas.views import ViewIn
from shared.clock import midnight, now, today
from shared.db.columns import Euros, UtcDateTime
from shared.db.session import Session
from shared.db.upsert import insert_missing
from shared.identity.access import Scope
from shared.ids import uuid7

log = structlog.get_logger(__name__)

MOST_VIEWS = 100


async def save_view(session: Session, scope: Scope, wanted: ViewIn) -> SavedView:
    """Keep a view for whoever asks, or for all of this EPCI.

    Raises:
        ListFull: 100 views of one’s own.
    """
    if await count_views(session, scope) >= MOST_VIEWS:
        raise ListFull(f"Vous gardez déjà {MOST_VIEWS} vues\u00a0: supprimez-en une.")
    view = SavedView(
        id=uuid7(),
        home_epci=scope.epci,
        owner=scope.actor,
        name=wanted.name,
        query=wanted.query,
        shared=wanted.shared,
        created_at=now(),
    )
    session.add(view)
    await session.flush()
    log.info("view_saved", view_id=str(view.id), shared=view.shared)
    return view


async def forget_view(session: Session, scope: Scope, view_id: UUID) -> None:
    """Forget a view of one’s own.

    Raises:
        SteeringNotFound: no such view, or somebody else’s.
    """
    view = await find_view(session, scope, view_id)
    if view is None or view.owner != scope.actor:
        raise SteeringNotFound(VIEW)
    await session.delete(view)
    await session.flush()
    log.info("view_forgotten", view_id=str(view_id))


async def take_snapshots(session: Session, scope: Scope) -> int:
    """Write down the money of each project as it stood at the end of last month; return how many rows.

    An instance that was off on that day writes it when it is back, the best it can know; projects logged since are left
    out.
    """
    month_end, instant = last_month_end(today()), now()
    marker = [{"home_epci": scope.epci, "month_end": month_end, "taken_at": instant}]
    if not await insert_missing(session, FundingMonth, marker, key=("home_epci", "month_end")):
        return 0
    sums = [func.coalesce(func.sum(col(amount)), literal(0, Euros)) for amount in _AMOUNTS]
    chosen = (
        select(  # type: ignore[call-overload]  # nine columns
            col(FundingLine.project_id),
            literal(month_end),
            col(FundingLine.status),
            func.count(),
            *sums,
            literal(instant, UtcDateTime),
        )
        .join(Project, col(Project.id) == col(FundingLine.project_id))
        .where(Project.home_epci == scope.epci, col(Project.withdrawn_at).is_(None))
        .where(col(Project.created_at) < midnight(month_end + timedelta(days=1)))
        .group_by(col(FundingLine.project_id), col(FundingLine.status))
    )
    done = await session.exec(insert(FundingSnapshot).from_select(_COLUMNS, chosen))
    count = int(getattr(done, "rowcount", 0))
    if count:
        log.info("funding_snapshot_taken", month_end=month_end.isoformat(), rows=count)
    return count


def last_month_end(day: date) -> date:
    """Return the last day of the month before ``day``."""
    return day.replace(day=1) - timedelta(days=1)


_AMOUNTS = (
    FundingLine.amount_planned,
    FundingLine.amount_requested,
    FundingLine.amount_granted,
    FundingLine.amount_paid,
)
_COLUMNS = ["project_id", "month_end", "status", "lines", "planned", "requested", "granted", "paid", "taken_at"]
