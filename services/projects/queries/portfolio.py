"""Lists of the territory’s projects: own rows and heard ones as one, filtered, searched, sorted, a page at a time."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, case, collate, func, literal, or_, select, union_all
from sqlalchemy.orm import Mapped
from sqlmodel import col
from sqlmodel import select as sql_select

from services.projects.models import KnownProject, Project
from services.projects.queries.projects import is_insider, list_by_keys, list_states
from services.projects.schemas.answers import ProjectCard
from services.projects.schemas.wanted import Behind, Listed, Sort, SortValue, Wanted, written
from shared.contracts import projects as wire
from shared.contracts.base import Visibility
from shared.contracts.projects import Stage
from shared.db.columns import Euros
from shared.db.keyset import after, before
from shared.db.search import holds
from shared.db.session import Session
from shared.errors import Invalid
from shared.identity.access import Scope
from shared.ids import TerritoryKey

Table = type[Project] | type[KnownProject]
Row = TypeVar("Row", Project, KnownProject)
_RANK = {stage: rank for rank, stage in enumerate(Stage)}
MOST_EXPORTED = 10_000
_BATCH = 200
NO_COST = Decimal(-1)
NO_END = date(9999, 12, 31)


class Place(NamedTuple):
    """Where a project stands in a list."""

    key: TerritoryKey
    value: SortValue


async def list_page(
    session: Session, scope: Scope, wanted: Listed, *, behind: Behind | None, limit: int
) -> tuple[list[ProjectCard], str | None]:
    """Return one page of the projects of the territory, and the cursor of the next one; four statements at most."""
    places = await _places(session, scope, wanted, behind=behind, limit=limit + 1)
    shown = places[:limit]
    cards = await list_by_keys(session, scope, [one.key for one in shown])
    more = len(places) > limit
    cursor = str(Behind(key=shown[-1].key, value=written(shown[-1].value))) if more else None
    return cards, cursor


async def list_all(
    session: Session, scope: Scope, wanted: Listed, *, most: int = MOST_EXPORTED
) -> AsyncIterator[wire.Project]:
    """Return the states of all projects of a list, a batch at a time, in its order.

    Raises:
        Invalid: more than can be handed over at once; says so before the first.
    """
    places = await _places(session, scope, wanted, behind=None, limit=most + 1)
    if len(places) > most:
        raise Invalid.field("q", f"Cette liste compte plus de {most} projets\u00a0: filtrez-la.")
    for start in range(0, len(places), _BATCH):
        batch = [one.key for one in places[start : start + _BATCH]]
        for state in await list_states(session, scope, batch):
            yield state


async def count_projects(session: Session, scope: Scope, wanted: Wanted) -> int:
    """Return how many projects a list is about."""
    both = union_all(*(_chosen(scope, wanted, table, []) for table in (Project, KnownProject))).subquery()
    return int((await session.exec(sql_select(func.count()).select_from(both))).one())


async def list_unindexed(session: Session, scope: Scope, table: type[Row], *, limit: int) -> Sequence[Row]:
    """Return rows of which nothing was computed yet by which a list could find them, locked."""
    own = and_(col(Project.home_epci) == scope.epci, col(Project.withdrawn_at).is_(None))
    alive = own if table is Project else col(KnownProject.deleted).is_(False)
    statement = sql_select(table).where(col(table.digest) == "", alive).order_by(col(table.id)).limit(limit)
    return (await session.exec(statement.with_for_update())).all()


def conditions(scope: Scope, wanted: Wanted, table: Table) -> list[ColumnElement[bool]]:
    """Return what chooses the rows of one table that a list is about, as far as the reader may know them."""
    return [*_visible(scope, wanted, table), *_plain(wanted, table), *_marked(wanted, table)]


def _visible(scope: Scope, wanted: Wanted, table: Table) -> list[ColumnElement[bool]]:
    if table is KnownProject:
        return [col(KnownProject.home_epci) != scope.epci, col(KnownProject.deleted).is_(False)]
    own: list[ColumnElement[bool]] = [col(Project.home_epci) == scope.epci, col(Project.withdrawn_at).is_(None)]
    if not is_insider(scope):
        own.append(col(Project.visibility) != Visibility.PRIVATE)
        if wanted.asks_inside or (isinstance(wanted, Listed) and wanted.order in _TELLING):
            # What a list finds or how it sorts would tell what the bare card does not.
            own.append(col(Project.confidential_until).is_(None))
    return own


def _plain(wanted: Wanted, table: Table) -> list[ColumnElement[bool]]:
    health = Project.health_shown if table is Project else KnownProject.health
    asked: Mapping[Any, Sequence[object]] = {
        table.stage: wanted.stage,
        table.axis: wanted.axis,
        table.kind: wanted.kind,
        health: wanted.health,
        table.home_epci: wanted.epci,
    }
    return [col(column).in_(values) for column, values in asked.items() if values]


def _marked(wanted: Wanted, table: Table) -> list[ColumnElement[bool]]:
    facets: Mapped[str] = col(table.facets)
    found: list[ColumnElement[bool]] = [
        or_(*(facets.contains(f" {name}:{value} ", autoescape=True) for value in values))
        for name, values in wanted.marks.items()
        if values
    ]
    return [*found, holds(col(table.stems), wanted.stems)] if wanted.stems else found


def _chosen(scope: Scope, wanted: Wanted, table: Table, columns: list[ColumnElement[Any]]) -> Select[Any]:
    return select(col(table.id).label("id"), col(table.home_epci).label("home_epci"), *columns).where(
        *conditions(scope, wanted, table)
    )


async def _places(session: Session, scope: Scope, wanted: Listed, *, behind: Behind | None, limit: int) -> list[Place]:
    order, down = wanted.order, wanted.is_descending
    both = union_all(
        *(
            _chosen(scope, wanted, table, [_sorted_by(order, wanted, table).label("value")])
            for table in (Project, KnownProject)
        )
    ).subquery()
    # What a database thinks of the order of letters is its own: stems and titles are compared byte by byte.
    binary = "C" if session.get_bind().dialect.name == "postgresql" else "BINARY"
    value = collate(both.c.value, binary) if order in {Sort.TITLE} else both.c.value
    columns = (value, both.c.id, both.c.home_epci)
    statement = sql_select(both.c.id, both.c.home_epci, both.c.value)
    if behind is not None:
        seen = (behind.by(order), behind.key.id, behind.key.epci)
        statement = statement.where((before if down else after)(columns, seen))  # type: ignore[arg-type]  # columns of a subquery
    statement = statement.order_by(*(one.desc() if down else one.asc() for one in columns)).limit(limit)
    found = await session.exec(statement)
    return [Place(TerritoryKey(epci, UUID(str(id))), told) for id, epci, told in found]


def _sorted_by(order: Sort, wanted: Listed, table: Table) -> Any:  # noqa: ANN401 - columns of many types
    match order:
        case Sort.UPDATED:
            return col(Project.updated_at if table is Project else KnownProject.occurred_at)
        case Sort.TITLE:
            return col(table.sort_title)
        case Sort.STAGE:
            return case(*((col(table.stage) == stage.value, rank) for stage, rank in _RANK.items()), else_=len(_RANK))
        case Sort.COST:
            return func.coalesce(col(table.total_cost_ht), literal(NO_COST, Euros))
        case Sort.GRANTED:
            return col(table.granted)
        case Sort.END:
            return func.coalesce(col(table.planned_end), literal(NO_END))
        case Sort.RELEVANCE:
            return case((holds(col(table.title_stems), wanted.stems), 1), else_=0)
    return literal("", String)


_TELLING = frozenset({Sort.TITLE, Sort.COST, Sort.GRANTED, Sort.END, Sort.RELEVANCE})
"""Orders by what the bare card of a confidential project does not say."""
