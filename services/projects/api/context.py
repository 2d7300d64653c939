"""What handlers of this service share: the territory file, which fiche is changed and by whom."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.projects.schemas.answers import ProjectShown
from shared.db.session import Session
from shared.fields import Id
from shared.http.guards import Who
from shared.http.preconditions import Answer, Answered, Seen
from shared.http.session import Transaction
from shared.identity.access import Scope
from shared.territory.members import Territory

PREFIX = "/api/v1"


async def territory_of(request: Request) -> Territory:
    """Return the territory of this instance."""
    territory = request.app.state.territory
    assert isinstance(territory, Territory)  # noqa: S101 - narrows the untyped state of Starlette
    return territory


TheTerritory = Annotated[Territory, Depends(territory_of)]


class Addition:
    """To which fiche something is added, by whom; ``at`` is what commands take first."""

    def __init__(self, project_id: UUID, session: Session, who: Scope, answer: Answer) -> None:
        self.at = (session, who, project_id)
        self._answer = answer

    def told(self, fiche: ProjectShown) -> ProjectShown:
        """Answer with the fiche, which now has one part more."""
        return self._answer.told(fiche, version=fiche.version, status=201)


class Change:
    """Which fiche is changed, by whom, upon the version seen; ``at`` is what commands take first."""

    def __init__(self, project_id: UUID, session: Session, who: Scope, answer: Answer, *, seen: int) -> None:
        self.at = (session, who, project_id)
        self.seen = seen
        self._answer = answer

    def told(self, fiche: ProjectShown) -> ProjectShown:
        """Answer with the fiche as it is now."""
        return self._answer.told(fiche, version=fiche.version)


async def _addition(project_id: Id, session: Transaction, who: Who, answered: Answered) -> Addition:
    return Addition(project_id, session, who, answered)


async def _change(project_id: Id, session: Transaction, who: Who, seen: Seen, answered: Answered) -> Change:
    return Change(project_id, session, who, answered, seen=seen)


Added = Annotated[Addition, Depends(_addition)]
Changed = Annotated[Change, Depends(_change)]
