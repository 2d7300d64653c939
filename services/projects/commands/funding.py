"""Funding lines are planned, asked for, granted, paid; every change raises the project’s version."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog

from services.projects.commands.columns import line_columns
from services.projects.commands.telling import not_ahead, take, tell
from services.projects.errors import FundingRefused, ListFull, PartNotFound
from services.projects.models import FundingLine, Project
from services.projects.rules.steps import CLOSED, can_step, grant_problem, status_once_paid
from services.projects.rules.words import STATUSES, FundingStep
from services.projects.schemas.plan import FundingIn, FundingPatch, FundingStepIn
from shared.clock import today
from shared.contracts.projects import FundingStatus
from shared.db.session import Session
from shared.identity.access import Scope

log = structlog.get_logger(__name__)

MOST_LINES = 60


async def add_line(session: Session, scope: Scope, project_id: UUID, wanted: FundingIn) -> Project:
    """Add a planned line to a funding plan.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        ListFull: the plan has 60 lines.
        PartNotFound: a line to fall back on, or to match, is not in this plan.
    """
    project = await take(session, scope, project_id)
    _require_room(project)
    _require_lines(project, wanted)
    project.lines.append(FundingLine(**line_columns(wanted)))
    await tell(session, project, fact="funding_changed", changed=["funding", "totals"])
    log.info("funding_line_added", project_id=str(project_id))
    return project


async def change_line(
    session: Session, scope: Scope, project_id: UUID, line_id: UUID, wanted: FundingPatch, *, version: int
) -> Project:
    """Write what was sent into a line that is still open.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        StaleVersion: the project changed after ``version``.
        PartNotFound: no such line, or none of those it leans on.
        FundingRefused: the line is closed.
    """
    project = await take(session, scope, project_id, version=version)
    line = _line(project, line_id)
    if line.status in CLOSED:
        raise FundingRefused(f"Cette ligne est close : {STATUSES[line.status].lower()}.")
    _require_lines(project, wanted, but=line_id)
    for name, value in line_columns(wanted, sent_only=True).items():
        setattr(line, name, value)
    await tell(session, project, fact="funding_changed", changed=["funding", "totals"])
    log.info("funding_line_changed", project_id=str(project_id), line_id=str(line_id))
    return project


async def step_line(
    session: Session, scope: Scope, project_id: UUID, line_id: UUID, wanted: FundingStepIn, *, version: int
) -> Project:
    """Take a line one step further.

    Raises:
        ProjectNotFound: nothing under this id within ``scope``.
        StaleVersion: the project changed after ``version``.
        PartNotFound: no such line.
        FundingRefused: the step does not follow, or its amount does not fit; nothing changed.
        Invalid: a date in the future.
    """
    project = await take(session, scope, project_id, version=version)
    line = _line(project, line_id)
    not_ahead(wanted.on, field="on")
    if not can_step(line.status, line.nature, wanted.step):
        raise FundingRefused(
            f"Cette action ne suit pas l’état « {STATUSES[line.status]} ».", status_now=line.status.value
        )
    _STEPS[wanted.step](project, line, wanted)
    await tell(session, project, fact="funding_changed", changed=["funding", "totals"])
    log.info("funding_line_stepped", project_id=str(project_id), line_id=str(line_id), step=wanted.step.value)
    return project


def _request(project: Project, line: FundingLine, wanted: FundingStepIn) -> None:
    asked = line
    if line.status is FundingStatus.REFUSED:
        if any(one.retry_of == line.id for one in project.lines):
            raise FundingRefused("Une nouvelle demande a déjà suivi ce refus.")
        _require_room(project)
        asked = _next_attempt(line)
        project.lines.append(asked)
    asked.amount_requested = _amount(wanted.amount, asked.amount_planned)
    asked.filed_on, asked.status = wanted.on or today(), FundingStatus.REQUESTED


def _review(project: Project, line: FundingLine, wanted: FundingStepIn) -> None:
    line.status = FundingStatus.UNDER_REVIEW


def _grant(project: Project, line: FundingLine, wanted: FundingStepIn) -> None:
    amount = _amount(wanted.amount, line.amount_requested or line.amount_planned)
    problem = grant_problem(
        line.nature,
        amount=amount,
        requested=line.amount_requested,
        reference=wanted.reference,
        reason=wanted.reason,
    )
    if problem:
        raise FundingRefused(problem)
    line.amount_granted, line.grant_reason = amount, wanted.reason
    _decide(line, wanted, FundingStatus.GRANTED)


def _refuse(project: Project, line: FundingLine, wanted: FundingStepIn) -> None:
    _decide(line, wanted, FundingStatus.REFUSED)


def _decide(line: FundingLine, wanted: FundingStepIn, status: FundingStatus) -> None:
    line.decided_on, line.decision_ref, line.status = wanted.on or today(), wanted.reference, status


def _pay(project: Project, line: FundingLine, wanted: FundingStepIn) -> None:
    granted, before = line.amount_granted or Decimal(0), line.amount_paid or Decimal(0)
    paid = before + _amount(wanted.amount, granted - before)
    status = status_once_paid(granted, paid)
    if status is None:
        raise FundingRefused("Les versements dépassent le montant accordé.")
    line.amount_paid, line.paid_on, line.status = paid, wanted.on or today(), status


def _withdraw(project: Project, line: FundingLine, wanted: FundingStepIn) -> None:
    line.status_before, line.status = line.status, FundingStatus.WITHDRAWN


_STEPS: Mapping[FundingStep, Callable[[Project, FundingLine, FundingStepIn], None]] = {
    FundingStep.REQUEST: _request,
    FundingStep.REVIEW: _review,
    FundingStep.GRANT: _grant,
    FundingStep.REFUSE: _refuse,
    FundingStep.PAY: _pay,
    FundingStep.WITHDRAW: _withdraw,
}


def _amount(given: Decimal | None, otherwise: Decimal | None) -> Decimal:
    amount = given if given is not None else otherwise
    if not amount:
        raise FundingRefused("Indiquez le montant.")
    return amount


def _next_attempt(line: FundingLine) -> FundingLine:
    """Return a new line like the refused one, which stays as it is."""
    kept = ("funder", "funder_siren", "funder_name", "scheme", "nature", "basis_ht", "rate", "amount_planned")
    more = ("grant_equivalent", "match_ratio", "matched_line_ids", "fallback_line_id", "target")
    copied: dict[str, Any] = {name: getattr(line, name) for name in kept + more}
    return FundingLine(**copied, attempt=line.attempt + 1, retry_of=line.id)


def _line(project: Project, line_id: UUID) -> FundingLine:
    found = next((one for one in project.lines if one.id == line_id), None)
    if found is None:
        raise PartNotFound
    return found


def _require_room(project: Project) -> None:
    if len(project.lines) >= MOST_LINES:
        raise ListFull(f"Un plan compte au plus {MOST_LINES} lignes.")


def _require_lines(project: Project, wanted: FundingPatch, *, but: UUID | None = None) -> None:
    """Refuse a line that leans on one which is not in the plan, or on itself."""
    named = {*wanted.matched_line_ids, *([wanted.fallback_line_id] if wanted.fallback_line_id else [])}
    if not named <= {one.id for one in project.lines} - {but}:
        raise PartNotFound
