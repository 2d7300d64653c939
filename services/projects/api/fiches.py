"""Fiches: log, import, list, read, change, move, show, withdraw."""

from typing import Annotated

from fastapi import Query, Response

from services.projects.api.context import PREFIX, Changed, TheTerritory
from services.projects.commands import fiche, moves
from services.projects.queries import duplicates, portfolio
from services.projects.queries import projects as queries
from services.projects.queries.projects import is_insider
from services.projects.schemas.answers import ProjectCard, ProjectShown, SimilarShown, TransitionsShown
from services.projects.schemas.plan import ImportIn
from services.projects.schemas.published import published
from services.projects.schemas.requests import MoveIn, ProjectIn, ProjectPatch, SimilarIn, VisibilityIn
from services.projects.schemas.wanted import Asked, Behind
from shared.contracts import projects as wire
from shared.fields import Id, Siren
from shared.http.guards import Router, Who
from shared.http.paging import Listing
from shared.http.preconditions import Answered, Seen, tag
from shared.http.session import Reading, Transaction
from shared.identity.access import Right

router = Router(prefix=PREFIX, tags=["projects"])


@router.act("/projects", right=Right.WRITE_PROJECTS, limit="token", status_code=201)
async def create(
    wanted: ProjectIn, session: Transaction, who: Who, territory: TheTerritory, answer: Answered
) -> ProjectShown:
    """Log a project of this EPCI."""
    project = await fiche.create_project(session, who, wanted, territory=territory)
    return answer.made(ProjectShown.of(project), version=project.version, at=f"{PREFIX}/projects/{project.id}")


@router.act("/projects/import", right=Right.DECIDE_PROJECTS, limit="token", status_code=201)
async def import_(
    wanted: ImportIn, session: Transaction, who: Who, territory: TheTerritory, answer: Answered
) -> ProjectShown:
    """Log a project as its source tells it; 200 when an external identifier is known already."""
    project, is_new = await fiche.import_project(session, who, wanted, territory=territory)
    at = f"{PREFIX}/projects/{project.id}"
    return answer.made(ProjectShown.of(project), version=project.version, at=at, is_new=is_new)


@router.read("/projects", right=Right.READ_TERRITORY, limit="token")
async def list_(session: Reading, who: Who, wanted: Annotated[Asked, Query()]) -> Listing[ProjectCard]:
    """List the projects of the territory, filtered, searched and sorted; without more, newest first."""
    behind = Behind.read(wanted.after) if wanted.after else None
    cards, cursor = await portfolio.list_page(session, who, wanted, behind=behind, limit=wanted.limit)
    return Listing(items=cards, next_after=cursor)


@router.act("/projects/similar", right=Right.WRITE_PROJECTS, limit="token")
async def list_similar(wanted: SimilarIn, session: Reading, who: Who) -> Listing[SimilarShown]:
    """List the projects of the territory that may be the same as one that is being logged; changes nothing."""
    return Listing(items=await duplicates.list_similar(session, who, wanted))


@router.read("/projects/{project_id}/duplicates", right=Right.WRITE_PROJECTS, limit="token")
async def list_duplicates(project_id: Id, session: Reading, who: Who) -> Listing[SimilarShown]:
    """List the projects of the territory that may be the same as one of this EPCI."""
    return Listing(items=await duplicates.list_duplicates(session, who, project_id))


@router.read("/projects/{project_id}", right=Right.READ_TERRITORY, limit="token")
async def read(project_id: Id, session: Reading, who: Who, response: Response) -> ProjectShown | wire.Project:
    """Read a project of this EPCI: whole for its own people, as published for programs."""
    project = await queries.get_project(session, who, project_id)
    tag(response, project.version)
    return ProjectShown.of(project) if is_insider(who) else published(project)


@router.read("/territory/projects/{siren}/{project_id}", right=Right.READ_TERRITORY, limit="token")
async def read_of_territory(
    siren: Siren, project_id: Id, session: Reading, who: Who, response: Response
) -> wire.Project:
    """Read a project of any EPCI, as it lets the territory read it."""
    state = await queries.get_territory_project(session, who, siren, project_id)
    tag(response, state.version)
    return state


@router.act("/projects/{project_id}", right=Right.WRITE_PROJECTS, limit="token", method="PATCH")
async def change(wanted: ProjectPatch, change: Changed) -> ProjectShown:
    """Write the fields that are sent."""
    return change.told(ProjectShown.of(await fiche.change_project(*change.at, wanted, version=change.seen)))


@router.act("/projects/{project_id}", right=Right.DECIDE_PROJECTS, limit="token", method="DELETE", status_code=204)
async def withdraw(project_id: Id, session: Transaction, who: Who, seen: Seen) -> None:
    """Withdraw a project from the territory."""
    await fiche.withdraw_project(session, who, project_id, version=seen)


@router.read("/projects/{project_id}/transitions", right=Right.WRITE_PROJECTS, limit="token")
async def transitions(project_id: Id, session: Reading, who: Who, response: Response) -> TransitionsShown:
    """List the moves that start from the present stage, and what is missing before each."""
    listed = await queries.get_transitions(session, who, project_id)
    tag(response, listed.version)
    return listed


@router.act("/projects/{project_id}/moves", right=Right.WRITE_PROJECTS, limit="token")
async def move(wanted: MoveIn, change: Changed) -> ProjectShown:
    """Move a project to another stage; 409 names every guard that is not met."""
    return change.told(ProjectShown.of(await moves.move_project(*change.at, wanted, version=change.seen)))


@router.act("/projects/{project_id}/visibility", right=Right.DECIDE_PROJECTS, limit="token")
async def show(wanted: VisibilityIn, change: Changed) -> ProjectShown:
    """Show a project further, or less far: then it is being withdrawn until Kafka has confirmed it."""
    project = await fiche.show_project(*change.at, visibility=wanted.visibility, version=change.seen)
    return change.told(ProjectShown.of(project))
