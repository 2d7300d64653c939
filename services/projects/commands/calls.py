"""Calls are drafted, published, told to close soon, closed; a call set aside for a project stays so."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from services.projects.commands.columns import columns_of
from services.projects.commands.telling import take
from services.projects.commands.versions import first_of, raise_version, require_seen
from services.projects.errors import CallNotFound, CallRefused
from services.projects.models import Call, CallDismissal, OutboxMessage
from services.projects.queries.calls import find_open_call, get_call, list_closing_calls, list_due_calls
from services.projects.schemas.calls import CallIn, CallPatch, DismissalIn
from services.projects.schemas.published import published_call
from shared.clock import now
from shared.contracts.projects import CallStatus
from shared.db.session import Session
from shared.errors import Invalid
from shared.identity.access import Scope
from shared.messaging.recorder import record, record_deletion

log = structlog.get_logger(__name__)

SOON = timedelta(days=7)


async def create_call(session: Session, scope: Scope, wanted: CallIn) -> Call:
    """Draft a call; nobody else sees it yet."""
    call = Call(**first_of(scope), **_columns(wanted))
    session.add(call)
    await session.flush()
    log.info("call_drafted", call_id=str(call.id))
    return call


async def change_call(session: Session, scope: Scope, call_id: UUID, wanted: CallPatch, *, version: int) -> Call:
    """Write what was sent into a call, and tell of it once it is published.

    Raises:
        CallNotFound: nothing under this id within ``scope``.
        StaleVersion: the call changed after ``version``.
        CallRefused: it is over, or would be shown less far.
        Invalid: it would contradict itself.
    """
    call = await _take(session, scope, call_id, version=version)
    if call.status in {CallStatus.CLOSED, CallStatus.CANCELLED}:
        raise CallRefused("Cet appel est terminé.", status_now=call.status.value)
    published = call.status is CallStatus.PUBLISHED
    if published and "visibility" in wanted.model_fields_set and not wanted.visibility.reaches(call.visibility):
        raise CallRefused("Cet appel est publié\u00a0: pour que plus personne ne le voie, annulez-le.")
    for name, value in _columns(wanted, sent_only=True).items():
        setattr(call, name, value)
    _require_coherent(call)
    if "closes_at" in wanted.model_fields_set:
        call.closing_told = False
    await raise_version(session, call)
    if published:
        _require_future(call)
        state = published_call(call).model_copy(update={"changed": tuple(sorted(wanted.model_fields_set))})
        record(session, OutboxMessage, state, fact="updated", visibility=call.visibility)
    log.info("call_changed", call_id=str(call_id))
    return call


async def publish_call(session: Session, scope: Scope, call_id: UUID, *, version: int) -> Call:
    """Publish a draft to the territory or to everybody.

    Raises:
        CallNotFound: nothing under this id within ``scope``.
        StaleVersion: the call changed after ``version``.
        CallRefused: it is no draft.
        Invalid: it would be closed already.
    """
    call = await _take(session, scope, call_id, version=version)
    if call.status is not CallStatus.DRAFT:
        raise CallRefused("Seul un brouillon se publie.", status_now=call.status.value)
    _require_future(call)
    call.status = CallStatus.PUBLISHED
    await raise_version(session, call)
    record(session, OutboxMessage, published_call(call), fact="published", visibility=call.visibility)
    log.info("call_published", call_id=str(call_id), visibility=call.visibility.value)
    return call


async def cancel_call(session: Session, scope: Scope, call_id: UUID, *, version: int) -> Call:
    """Cancel a call: every copy of it is told to go.

    Raises:
        CallNotFound: nothing under this id within ``scope``.
        StaleVersion: the call changed after ``version``.
        CallRefused: it is over.
    """
    call = await _take(session, scope, call_id, version=version)
    if call.status in {CallStatus.CLOSED, CallStatus.CANCELLED}:
        raise CallRefused("Cet appel est terminé.", status_now=call.status.value)
    was_published, call.status = call.status is CallStatus.PUBLISHED, CallStatus.CANCELLED
    await raise_version(session, call)
    if was_published:
        await _bury(session, call, fact="cancelled")
    log.info("call_cancelled", call_id=str(call_id))
    return call


async def close_due_calls(session: Session, scope: Scope) -> int:
    """Close the calls whose time is over; return how many."""
    due = await list_due_calls(session, scope, instant=now())
    for call in due:
        call.status = CallStatus.CLOSED
        await raise_version(session, call)
        await _bury(session, call, fact="closed")
        log.info("call_closed", call_id=str(call.id))
    return len(due)


async def tell_closing_calls(session: Session, scope: Scope) -> int:
    """Tell the territory, once, which calls close within a week; return how many."""
    closing = await list_closing_calls(session, scope, instant=now(), within=SOON)
    for call in closing:
        call.closing_told = True
        await raise_version(session, call)
        record(session, OutboxMessage, published_call(call), fact="closing_soon", visibility=call.visibility)
        log.info("call_closing_soon", call_id=str(call.id))
    return len(closing)


async def dismiss_call(
    session: Session, scope: Scope, project_id: UUID, siren: str, call_id: UUID, wanted: DismissalIn
) -> None:
    """Say that a call is not for a project; it is never proposed for it again. Saying it twice changes nothing.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        CallNotFound: no such call is open.
    """
    project = await take(session, scope, project_id)
    if await find_open_call(session, scope, siren, call_id) is None:
        raise CallNotFound
    if await session.get(CallDismissal, (project.id, siren, call_id)) is None:
        session.add(
            CallDismissal(
                project_id=project.id,
                call_epci=siren,
                call_id=call_id,
                reason=wanted.reason,
                dismissed_at=now(),
                actor=scope.actor,
            )
        )
    await session.flush()
    log.info("call_dismissed", project_id=str(project_id), call_id=str(call_id))


async def _take(session: Session, scope: Scope, call_id: UUID, *, version: int) -> Call:
    call = await get_call(session, scope, call_id, lock=True)
    require_seen(call, version, sentence="L’appel a changé entre-temps.")
    return call


async def _bury(session: Session, call: Call, *, fact: str) -> None:
    record_deletion(session, OutboxMessage, published_call(call), fact=fact, visibility=call.visibility)
    call.version += 1
    await session.flush()


def _columns(wanted: CallPatch, *, sent_only: bool = False) -> dict[str, Any]:
    columns = columns_of(wanted, sent_only=sent_only)
    if columns.get("rate") is not None:
        columns["rate"] = str(columns["rate"])
    return columns


def _require_coherent(call: Call) -> None:
    if call.opens_at and call.closes_at and call.closes_at <= call.opens_at:
        raise Invalid.field("closes_at", "La clôture précède l’ouverture.")
    if call.cost_min is not None and call.cost_max is not None and call.cost_max < call.cost_min:
        raise Invalid.field("cost_max", "Le coût maximal est inférieur au coût minimal.")


def _require_future(call: Call) -> None:
    if call.closes_at is not None and call.closes_at <= now():
        raise Invalid.field("closes_at", "Cette clôture est déjà passée.")
