"""The portfolio of the territory: its figures, the views people keep, the curve of money month by month."""

from typing import Annotated

from fastapi import Query, Response

from services.projects.api.context import PREFIX
from services.projects.commands import portfolio
from services.projects.queries import figures, views
from services.projects.queries.projects import is_insider
from services.projects.schemas.figures import PortfolioShown
from services.projects.schemas.views import MonthShown, ViewIn, ViewShown
from services.projects.schemas.wanted import Wanted
from shared.errors import Forbidden
from shared.fields import Id
from shared.http.guards import Router, Who
from shared.http.paging import Listing
from shared.http.preconditions import OnlyOnce
from shared.http.session import Reading, Transaction
from shared.identity.access import Right

router = Router(prefix=PREFIX, tags=["projects"])


class Counting(Wanted):
    """Which projects are counted; ``inside`` adds what only this EPCI knows."""

    inside: bool = False


@router.read("/portfolio", right=Right.READ_TERRITORY, limit="token")
async def read(session: Reading, who: Who, wanted: Annotated[Counting, Query()]) -> PortfolioShown:
    """Count the projects of the territory, or those that are asked for; a shared project counts once."""
    if wanted.inside and not is_insider(who):
        raise Forbidden("Ces chiffres sont internes à l’EPCI.", right=Right.WRITE_PROJECTS.value)
    inside = await figures.get_inside(session, who, wanted) if wanted.inside else None
    return PortfolioShown.of(await figures.get_portfolio(session, who, wanted, inside=wanted.inside), inside)


@router.read("/portfolio/months", right=Right.WRITE_PROJECTS, limit="token")
async def list_months(session: Reading, who: Who) -> Listing[MonthShown]:
    """List what was asked, granted and paid by the end of each month, for this EPCI."""
    return Listing(items=await views.list_months(session, who))


@router.read("/views", right=Right.WRITE_PROJECTS, limit="token")
async def list_views(session: Reading, who: Who) -> Listing[ViewShown]:
    """List the views that whoever asks has kept, and those shared within this EPCI."""
    return Listing(items=await views.list_views(session, who))


@router.act("/views", right=Right.WRITE_PROJECTS, limit="token", status_code=201)
async def save_view(wanted: ViewIn, session: Transaction, who: Who, once: OnlyOnce, response: Response) -> ViewShown:
    """Keep a list to look at again."""
    kept = await portfolio.save_view(session, who, wanted)
    return once.keep(views.show_view(kept, who), response=response)


@router.act("/views/{view_id}", right=Right.WRITE_PROJECTS, limit="token", method="DELETE", status_code=204)
async def forget_view(view_id: Id, session: Transaction, who: Who) -> None:
    """Forget a view of one’s own."""
    await portfolio.forget_view(session, who, view_id)
