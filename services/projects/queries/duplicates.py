"""Projects of the territory that may be the same as one that is being logged, or was."""

from uuid import UUID

from sqlalchemy import select, union_all
from sqlmodel import col
from sqlmodel import select as sql_select
from sqlmodel.sql.expression import Select

from services.projects.models import KnownProject, Project
from services.projects.queries.portfolio import conditions
from services.projects.queries.projects import get_project, list_by_keys
from services.projects.rules.duplicates import Sign, Told, signs
from services.projects.schemas.answers import SimilarShown
from services.projects.schemas.requests import SimilarIn
from services.projects.schemas.wanted import Wanted
from shared.db.session import Session
from shared.identity.access import Scope
from shared.ids import TerritoryKey

MOST = 20


async def list_similar(session: Session, scope: Scope, wanted: SimilarIn) -> list[SimilarShown]:
    """Return the projects that may be the same as one that is being logged, those with most in common first."""
    siren = wanted.sponsor_siret[:9] if wanted.sponsor_siret else None
    return await _similar(session, scope, Told(wanted.title, wanted.commune_insee, siren))


async def list_duplicates(session: Session, scope: Scope, project_id: UUID) -> list[SimilarShown]:
    """Return the projects that may be the same as one of this EPCI.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
    """
    project = await get_project(session, scope, project_id)
    told = Told.read(project.title, project.facets)
    return await _similar(session, scope, told, but=TerritoryKey(scope.epci, project.id))


async def _similar(
    session: Session, scope: Scope, told: Told, *, but: TerritoryKey | None = None
) -> list[SimilarShown]:
    found: dict[TerritoryKey, list[Sign]] = {}
    if told.communes:
        for epci, id, title, facets in await session.exec(_candidates(scope, told)):
            key = TerritoryKey(epci, UUID(str(id)))
            alike = signs(told, Told.read(title, facets))
            if alike and key != but:
                found[key] = alike
    best = sorted(found, key=lambda key: (-len(found[key]), key.id))[:MOST]
    cards = await list_by_keys(session, scope, best)
    return [
        SimilarShown(project=card, signs=[one.value for one in found[TerritoryKey(card.home_epci, card.id)]])
        for card in cards
    ]


def _candidates(scope: Scope, told: Told) -> Select[str, UUID, str, str]:
    nearby = Wanted(commune=tuple(told.communes))
    both = union_all(
        *(
            select(col(table.home_epci), col(table.id), col(table.sort_title), col(table.facets)).where(
                *conditions(scope, nearby, table)
            )
            for table in (Project, KnownProject)
        )
    ).subquery()
    return sql_select(both.c.home_epci, both.c.id, both.c.sort_title, both.c.facets)
