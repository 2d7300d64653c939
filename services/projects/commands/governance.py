"""Binômes and trios, sittings of committees and what they decide, measures of the panier de services."""

from uuid import UUID

import structlog
from sqlmodel import col, select

from services.projects.commands.columns import columns_of
from services.projects.commands.follow_up import add_decision
from services.projects.commands.telling import not_ahead, tell
from services.projects.commands.versions import first_of, raise_version, require_seen
from services.projects.models import Binome, Measure, Meeting, Project
from services.projects.queries.governance import MEASURE, find_measure, get_binome, get_meeting
from services.projects.schemas.governance import (
    BinomeIn,
    BinomePatch,
    MeasureIn,
    MeetingDecisionIn,
    MeetingIn,
    MeetingPatch,
)
from services.projects.schemas.requests import DecisionIn
from shared.clock import now
from shared.db.session import Session
from shared.db.upsert import insert_missing
from shared.errors import Conflict, Invalid, StaleVersion
from shared.identity.access import Scope

log = structlog.get_logger(__name__)

_PERSONS = frozenset({"elected", "industrialist", "technician"})


async def create_binome(session: Session, scope: Scope, wanted: BinomeIn) -> Binome:
    """Enter a binôme, or a trio."""
    binome = Binome(**first_of(scope), **columns_of(wanted))
    session.add(binome)
    await session.flush()
    log.info("binome_created", binome_id=str(binome.id))
    return binome


async def change_binome(
    session: Session, scope: Scope, binome_id: UUID, wanted: BinomePatch, *, version: int
) -> Binome:
    """Write what was sent into a binôme; when its persons change, each project it carries tells so.

    Raises:
        SteeringNotFound: nothing under this id within ``scope``.
        StaleVersion: it changed after ``version``.
        Invalid: it would end before it begins.
    """
    binome = await get_binome(session, scope, binome_id, lock=True)
    _write(binome, wanted, version=version)
    if binome.starts_on and binome.ends_on and binome.ends_on < binome.starts_on:
        raise Invalid.field("ends_on", "La fin précède le début.")
    await raise_version(session, binome)
    if _PERSONS & wanted.model_fields_set:
        carried = select(Project).where(Project.binome_id == binome.id, col(Project.withdrawn_at).is_(None))
        for project in (await session.exec(carried.order_by(col(Project.id)).with_for_update())).all():
            await tell(session, project, fact="updated", changed=["binome"])
    log.info("binome_changed", binome_id=str(binome_id))
    return binome


async def create_meeting(session: Session, scope: Scope, wanted: MeetingIn) -> Meeting:
    """Enter a sitting of a committee, past or to come."""
    meeting = Meeting(**first_of(scope), **columns_of(wanted))
    session.add(meeting)
    await session.flush()
    log.info("meeting_created", meeting_id=str(meeting.id))
    return meeting


async def change_meeting(
    session: Session, scope: Scope, meeting_id: UUID, wanted: MeetingPatch, *, version: int
) -> Meeting:
    """Write what was sent into a sitting: its agenda before, its minutes after.

    Raises:
        SteeringNotFound: nothing under this id within ``scope``.
        StaleVersion: it changed after ``version``.
    """
    meeting = await get_meeting(session, scope, meeting_id, lock=True)
    _write(meeting, wanted, version=version)
    await raise_version(session, meeting)
    log.info("meeting_changed", meeting_id=str(meeting_id))
    return meeting


async def decide_in_meeting(session: Session, scope: Scope, meeting_id: UUID, wanted: MeetingDecisionIn) -> Meeting:
    """Record what a sitting decided of a project of this EPCI, in the project; it joins the agenda if it was not there.

    Raises:
        SteeringNotFound, ProjectNotFound: nothing under these ids within ``scope``.
        Invalid: the sitting is still to come.
        Conflict: the sitting has decided of this project already.
        ListFull: 100 decisions.
    """
    meeting = await get_meeting(session, scope, meeting_id, lock=True)
    not_ahead(meeting.held_on, field="held_on")
    decision = DecisionIn(body=meeting.body, decided_on=meeting.held_on, **wanted.model_dump(exclude={"project_id"}))
    project = await add_decision(session, scope, wanted.project_id, decision, meeting_id=meeting.id)
    if sum(one.meeting_id == meeting.id for one in project.decisions) > 1:
        raise Conflict("Ce comité s’est déjà prononcé sur ce projet\u00a0: corrigez sa décision dans la fiche.")
    item = {"home_epci": scope.epci, "id": str(wanted.project_id)}
    if item not in meeting.agenda:
        meeting.agenda = [*meeting.agenda, item]
    await raise_version(session, meeting)
    return meeting


async def write_measure(
    session: Session, scope: Scope, code: str, wanted: MeasureIn, *, version: int | None
) -> tuple[Measure, bool]:
    """Write a measure whole under its code; tell whether it is new.

    Args:
        session: the transaction of the change.
        scope: who asks.
        code: its name for programs.
        wanted: the whole measure.
        version: the one the caller has seen; ``None`` for a new one.

    Raises:
        StaleVersion: it is there already, or changed after ``version``.
    """
    columns = columns_of(wanted)
    first = {"code": code, "home_epci": scope.epci, "version": 1, "updated_at": now()} | columns
    # Two may write the first one at once.
    is_new = version is None and await insert_missing(session, Measure, [first], key=("code",)) == 1
    measure = await find_measure(session, scope, code)
    if measure is None:
        raise StaleVersion(f"{MEASURE} n’existe pas encore.", current=0)
    if not is_new:
        require_seen(measure, version, sentence=f"{MEASURE} a changé entre-temps.")
        for name, value in columns.items():
            setattr(measure, name, value)
        await raise_version(session, measure)
    log.info("measure_written", code=code)
    return measure, is_new


def _write(row: Binome | Meeting, wanted: BinomePatch | MeetingPatch, *, version: int) -> None:
    require_seen(row, version, sentence="Ces informations ont changé entre-temps.")
    for name, value in columns_of(wanted, sent_only=True).items():
        setattr(row, name, value)
