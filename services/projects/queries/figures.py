"""Figures of the territory, read from what each project counts with; a shared project counts once, at its own EPCI."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import false
from sqlmodel import col, select

from services.projects.models import KnownProject, Project
from services.projects.queries.portfolio import conditions
from services.projects.rules.indexing import Digest
from services.projects.rules.portfolio import Counted, Portfolio, portfolio
from services.projects.schemas.wanted import Wanted
from shared.clock import today
from shared.contracts.base import Visibility
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
    heard = _columns(KnownProject).where(*conditions(scope, wanted, KnownProject))
    rows = [*(await session.exec(own)).all(), *(await session.exec(heard)).all()]
    return portfolio(_counted(rows, inside=inside), today=today())


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
            yield Counted(epci, *plain)
        else:
            yield Counted(epci, *plain, str(kind), str(health), cost, Digest.read(digest))
