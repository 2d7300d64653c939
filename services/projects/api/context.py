"""What handlers of this service share: the territory file, the answer of a changed fiche."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.projects.schemas.answers import ProjectShown
from shared.fields import Id
from shared.http.guards import Who
from shared.http.preconditions import OnlyOnce, Seen, tag
from shared.http.session import Transaction
from shared.territory.members import Territory

PREFIX = "/api/v1"


async def territory_of(request: Request) -> Territory:
    """Return the territory of this instance."""
    territory = request.app.state.territory
    assert isinstance(territory, Territory)  # noqa: S101 - narrows the untyped state of Starlette
    return territory


TheTerritory = Annotated[Territory, Depends(territory_of)]


class Fiche:
    """Answers with a fiche: its version in ``ETag``, and the same answer to the same request under one key."""

    def __init__(self, response: Response, once: OnlyOnce) -> None:
        self._response = response
        self._once = once

    def told(self, fiche: ProjectShown, *, status: int = 200) -> ProjectShown:
        """Answer with a fiche as it is now."""
        tag(self._response, fiche.version)
        self._response.status_code = status
        return self._once.keep(fiche, response=self._response, status=status)

    def made(self, fiche: ProjectShown, *, is_new: bool = True) -> ProjectShown:
        """Answer with a fiche and its address: 201, or 200 if it was there already."""
        self._response.headers["location"] = f"{PREFIX}/projects/{fiche.id}"
        return self.told(fiche, status=201 if is_new else 200)


Answer = Annotated[Fiche, Depends()]


class Addition:
    """To which fiche something is added, by whom; ``at`` is what commands take first."""

    def __init__(self, project_id: Id, session: Transaction, who: Who, answer: Answer) -> None:
        self.at = (session, who, project_id)
        self._answer = answer

    def told(self, fiche: ProjectShown) -> ProjectShown:
        """Answer with the fiche, which now has one part more."""
        return self._answer.told(fiche, status=201)


class Change:
    """Which fiche is changed, by whom, upon the version seen; ``at`` is what commands take first."""

    def __init__(self, project_id: Id, session: Transaction, who: Who, seen: Seen, answer: Answer) -> None:
        self.at = (session, who, project_id)
        self.seen = seen
        self._answer = answer

    def told(self, fiche: ProjectShown) -> ProjectShown:
        """Answer with the fiche as it is now."""
        return self._answer.told(fiche)


Added = Annotated[Addition, Depends()]
Changed = Annotated[Change, Depends()]
