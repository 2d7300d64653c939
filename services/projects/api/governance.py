"""Those who steer: programmes, binômes and trios, committees and their decisions, measures."""

from typing import Annotated

from fastapi import Query, Response

from services.projects.api.context import PREFIX
from services.projects.commands import governance, programmes
from services.projects.queries import governance as queries
from services.projects.schemas.governance import (
    BinomeIn,
    BinomePatch,
    BinomeShown,
    MeasureIn,
    MeasureShown,
    MeetingDecisionIn,
    MeetingIn,
    MeetingPatch,
    MeetingRow,
    MeetingShown,
    ProgrammeIn,
    ProgrammePatch,
    ProgrammeShown,
)
from shared.fields import Code, Id
from shared.http.guards import Router, Who
from shared.http.paging import Listing, Page, TerritoryPage, listing, of_id, of_territory
from shared.http.preconditions import Answered, MaybeSeen, Seen, tag
from shared.http.session import Reading, Transaction
from shared.identity.access import Right

router = Router(prefix=PREFIX, tags=["projects"])


@router.read("/programmes", right=Right.READ_TERRITORY, limit="token")
async def list_programmes(session: Reading, who: Who, page: TerritoryPage) -> Listing[ProgrammeShown]:
    """List the programmes of the territory, newest first."""
    found = await queries.list_programmes(session, who, after=page.after, limit=page.limit + 1)
    return listing(found, limit=page.limit, by=of_territory)


@router.act("/programmes", right=Right.DECIDE_PROJECTS, limit="token", status_code=201)
async def create_programme(wanted: ProgrammeIn, session: Transaction, who: Who, answer: Answered) -> ProgrammeShown:
    """Enter a programme that this EPCI steers."""
    made = await programmes.create_programme(session, who, wanted)
    at = f"{PREFIX}/programmes/{made.id}"
    return answer.made(ProgrammeShown.of(made, own=True), version=made.version, at=at)


@router.read("/programmes/{programme_id}", right=Right.READ_TERRITORY, limit="token")
async def read_programme(programme_id: Id, session: Reading, who: Who, response: Response) -> ProgrammeShown:
    """Read a programme of this EPCI."""
    found = await queries.get_programme(session, who, programme_id)
    tag(response, found.version)
    return ProgrammeShown.of(found, own=True)


@router.act("/programmes/{programme_id}", right=Right.DECIDE_PROJECTS, limit="token", method="PATCH")
async def change_programme(
    programme_id: Id, wanted: ProgrammePatch, session: Transaction, who: Who, seen: Seen, answer: Answered
) -> ProgrammeShown:
    """Write the fields that are sent."""
    changed = await programmes.change_programme(session, who, programme_id, wanted, version=seen)
    return answer.told(ProgrammeShown.of(changed, own=True), version=changed.version)


@router.act("/programmes/{programme_id}", right=Right.DECIDE_PROJECTS, limit="token", method="DELETE", status_code=204)
async def withdraw_programme(programme_id: Id, session: Transaction, who: Who, seen: Seen) -> None:
    """Withdraw a programme from the territory."""
    await programmes.withdraw_programme(session, who, programme_id, version=seen)


@router.read("/binomes", right=Right.WRITE_PROJECTS, limit="token")
async def list_binomes(session: Reading, who: Who, page: Page) -> Listing[BinomeShown]:
    """List the binômes and trios of this EPCI."""
    found = await queries.list_binomes(session, who, after=page.after, limit=page.limit + 1)
    return listing([BinomeShown.model_validate(one) for one in found], limit=page.limit, by=of_id)


@router.act("/binomes", right=Right.DECIDE_PROJECTS, limit="token", status_code=201)
async def create_binome(wanted: BinomeIn, session: Transaction, who: Who, answer: Answered) -> BinomeShown:
    """Enter a binôme, or a trio."""
    made = await governance.create_binome(session, who, wanted)
    shown = BinomeShown.model_validate(made)
    return answer.made(shown, version=made.version, at=f"{PREFIX}/binomes/{made.id}")


@router.read("/binomes/{binome_id}", right=Right.WRITE_PROJECTS, limit="token")
async def read_binome(binome_id: Id, session: Reading, who: Who, response: Response) -> BinomeShown:
    """Read a binôme."""
    found = await queries.get_binome(session, who, binome_id)
    tag(response, found.version)
    return BinomeShown.model_validate(found)


@router.act("/binomes/{binome_id}", right=Right.DECIDE_PROJECTS, limit="token", method="PATCH")
async def change_binome(
    binome_id: Id, wanted: BinomePatch, session: Transaction, who: Who, seen: Seen, answer: Answered
) -> BinomeShown:
    """Write the fields that are sent."""
    changed = await governance.change_binome(session, who, binome_id, wanted, version=seen)
    return answer.told(BinomeShown.model_validate(changed), version=changed.version)


@router.read("/meetings", right=Right.WRITE_PROJECTS, limit="token")
async def list_meetings(session: Reading, who: Who, page: Page) -> Listing[MeetingRow]:
    """List the sittings of committees, last entered first."""
    found = await queries.list_meetings(session, who, after=page.after, limit=page.limit + 1)
    return listing([MeetingRow.model_validate(one) for one in found], limit=page.limit, by=of_id)


@router.act("/meetings", right=Right.DECIDE_PROJECTS, limit="token", status_code=201)
async def create_meeting(wanted: MeetingIn, session: Transaction, who: Who, answer: Answered) -> MeetingShown:
    """Enter a sitting, with its agenda."""
    made = await governance.create_meeting(session, who, wanted)
    shown = await queries.show_meeting(session, who, made)
    return answer.made(shown, version=made.version, at=f"{PREFIX}/meetings/{made.id}")


@router.read("/meetings/{meeting_id}", right=Right.WRITE_PROJECTS, limit="token")
async def read_meeting(meeting_id: Id, session: Reading, who: Who, response: Response) -> MeetingShown:
    """Read a sitting: the projects on its agenda as they are now, and what it decided."""
    found = await queries.get_meeting(session, who, meeting_id)
    tag(response, found.version)
    return await queries.show_meeting(session, who, found)


@router.act("/meetings/{meeting_id}", right=Right.DECIDE_PROJECTS, limit="token", method="PATCH")
async def change_meeting(
    meeting_id: Id, wanted: MeetingPatch, session: Transaction, who: Who, seen: Seen, answer: Answered
) -> MeetingShown:
    """Write the fields that are sent."""
    changed = await governance.change_meeting(session, who, meeting_id, wanted, version=seen)
    return answer.told(await queries.show_meeting(session, who, changed), version=changed.version)


@router.act("/meetings/{meeting_id}/decisions", right=Right.DECIDE_PROJECTS, limit="token", status_code=201)
async def decide(
    meeting_id: Id, wanted: MeetingDecisionIn, session: Transaction, who: Who, answer: Answered
) -> MeetingShown:
    """Record what a sitting decided of one project of this EPCI; it stands in the project too."""
    changed = await governance.decide_in_meeting(session, who, meeting_id, wanted)
    return answer.told(await queries.show_meeting(session, who, changed), version=changed.version, status=201)


@router.read("/measures", right=Right.READ_TERRITORY, limit="token")
async def list_measures(
    session: Reading, who: Who, theme: Annotated[Code | None, Query()] = None
) -> Listing[MeasureShown]:
    """List the measures of the panier de services, or those that answer to one need."""
    return Listing(items=await queries.list_measures(session, who, theme=theme))


@router.act("/measures/{code}", right=Right.DECIDE_PROJECTS, limit="token", method="PUT")
async def write_measure(
    code: Code, wanted: MeasureIn, session: Transaction, who: Who, seen: MaybeSeen, answer: Answered
) -> MeasureShown:
    """Write a measure whole; a new one needs no If-Match, a known one does."""
    written, is_new = await governance.write_measure(session, who, code, wanted, version=seen)
    shown = queries.show_measure(written)
    return answer.made(shown, version=written.version, at=f"{PREFIX}/measures/{code}", is_new=is_new)
