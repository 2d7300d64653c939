"""What every change of a project has in common: the version seen, the next one, the message."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from services.projects.models import OutboxMessage, Project
from services.projects.queries.projects import get_project
from services.projects.rules.health import shown_health
from services.projects.rules.indexing import index_of
from services.projects.schemas.published import card, full_state, published
from shared.clock import now, today
from shared.contracts.base import Visibility
from shared.db.session import Session
from shared.errors import Forbidden, Invalid, StaleVersion
from shared.identity.access import Right, Scope
from shared.messaging.recorder import record, record_narrowing


async def take(session: Session, scope: Scope, project_id: UUID, *, version: int | None = None) -> Project:
    """Return a project of this EPCI, locked for a change.

    Args:
        session: the transaction of the change.
        scope: who asks.
        project_id: which project.
        version: the one the caller has seen; ``None`` for an addition, which overwrites nothing.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        StaleVersion: the project changed after ``version``.
    """
    project = await get_project(session, scope, project_id, lock=True)
    if version is not None and project.version != version:
        raise StaleVersion("La fiche a changé entre-temps.", current=project.version)
    return project


async def tell(
    session: Session, project: Project, *, fact: str, changed: Iterable[str] = (), news: bool = True
) -> None:
    """Raise the version of a changed project and record its new state, as far as it may be seen.

    Args:
        session: the transaction of the change.
        project: what changed.
        fact: what is told of it.
        changed: the fields that changed.
        news: whether somebody of this EPCI wrote it, and not the calendar or a neighbour.
    """
    project.version += 1
    if news:
        project.news_at = now()
    await tell_first(session, project, fact=fact, changed=changed)


async def tell_first(session: Session, project: Project, *, fact: str, changed: Iterable[str] = ()) -> None:
    """Record the state of a project at its present version; only a new one has not to raise it."""
    project.updated_at = now()
    check_health(project)
    index(project)
    session.add(project)
    await session.flush()  # aggregate before message: numbering must follow versions
    state = published(project, changed=sorted(changed))
    record(session, OutboxMessage, state, fact=fact, visibility=project.visibility)


async def tell_less_far(session: Session, project: Project, *, before: Visibility) -> None:
    """Record the state of a project where it stays, its bare card and its end where it is read no more."""
    project.version += 1
    project.updated_at = project.news_at = now()
    project.withdrawing = True
    check_health(project)
    index(project)
    session.add(project)
    await session.flush()  # aggregate before message: numbering must follow versions
    state, span = published(project, changed=["visibility"]), (before, project.visibility)
    record_narrowing(session, OutboxMessage, state, card(project), fact="visibility_changed", span=span)
    project.version += 1
    await session.flush()


def index(project: Project) -> None:
    """Write by what a project is found, sorted and counted, as its own EPCI knows it."""
    for name, value in index_of(full_state(project)).items():
        setattr(project, name, value)


def check_health(project: Project) -> bool:
    """Compute the health to show today; tell whether it is another one than before."""
    before, day = project.health_shown, today()
    project.health_shown = shown_health(project, project.milestones, today=day)
    project.health_checked_on = day
    return project.health_shown is not before


def coordinator_only(scope: Scope) -> None:
    """Let only those pass who decide on projects.

    Raises:
        Forbidden: an agent asks.
    """
    if not scope.may(Right.DECIDE_PROJECTS):
        raise Forbidden("Cette action revient au coordinateur.", right=Right.DECIDE_PROJECTS.value)


def not_ahead(day: date | None, *, field: str) -> None:
    """Refuse a fact dated in the future.

    Raises:
        Invalid: says which field.
    """
    if day is not None and day > today():
        raise Invalid.field(field, "Cette date ne peut pas être dans l’avenir.")
