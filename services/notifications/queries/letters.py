"""Reads of letters: rules, issues, how far each reader was served."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, select

from services.notifications.errors import IssueNotFound, RuleNotFound
from services.notifications.models import Composition, Delivery, DigestWindow, Issue, IssueState, NewsletterRule
from services.notifications.rules.delivery import DeliveryState
from services.notifications.rules.filters import Rhythm
from services.notifications.rules.letters import Chapter
from services.notifications.schemas import IssueOut, RuleOut
from shared.db.session import Session
from shared.identity.access import Scope


async def get_rule(session: Session, scope: Scope, rule_id: UUID, *, lock: bool = False) -> NewsletterRule:
    """Return a rule.

    Raises:
        RuleNotFound: nothing under this id.
    """
    found = await session.get(NewsletterRule, rule_id, with_for_update=lock)
    if found is None or found.home_epci != scope.epci:
        raise RuleNotFound
    return found


async def list_rules(session: Session, scope: Scope) -> Sequence[NewsletterRule]:
    """Return every rule, oldest first."""
    statement = select(NewsletterRule).where(NewsletterRule.home_epci == scope.epci)
    return (await session.exec(statement.order_by(col(NewsletterRule.id)))).all()


def rule_out(rule: NewsletterRule) -> RuleOut:
    """Return a rule as the API shows it."""
    return RuleOut(
        id=rule.id,
        version=rule.version,
        name=rule.name,
        chapters=[Chapter(word) for word in rule.chapters.split()],
        minimum=rule.minimum,
        hour=rule.hour,
        weekday=rule.weekday,
        month_day=rule.month_day,
        active=rule.active,
    )


async def list_positions(session: Session, scope: Scope, *, rule_id: UUID) -> Mapping[UUID, int]:
    """Return, for each reader served by a rule, the first number of the log not yet cut."""
    statement = (
        select(DigestWindow.subscription_id, func.max(DigestWindow.to_seq))
        .where(DigestWindow.rule_id == rule_id)
        .group_by(col(DigestWindow.subscription_id))
    )
    return {subscription_id: to_seq for subscription_id, to_seq in (await session.exec(statement)).all()}


async def find_scheduled_issue(
    session: Session, scope: Scope, *, rule_id: UUID, rhythm: Rhythm, due: datetime
) -> Issue | None:
    """Return the issue that was cut for a moment of the schedule, if it was."""
    statement = select(Issue).where(Issue.rule_id == rule_id, Issue.rhythm == rhythm, Issue.scheduled_for == due)
    return (await session.exec(statement)).first()


async def find_last_issue(session: Session, scope: Scope, *, rule_id: UUID, rhythm: Rhythm) -> Issue | None:
    """Return the newest issue of a rule for one rhythm."""
    statement = select(Issue).where(Issue.rule_id == rule_id, Issue.rhythm == rhythm)
    return (await session.exec(statement.order_by(col(Issue.id).desc()).limit(1))).first()


async def count_issues(session: Session, scope: Scope, *, rule_id: UUID) -> int:
    """Return how many issues of a rule went to somebody."""
    statement = select(func.count()).where(Issue.rule_id == rule_id, Issue.state != IssueState.EMPTY)
    return (await session.exec(statement)).one()


async def list_issues(session: Session, scope: Scope) -> list[IssueOut]:
    """Return the last hundred issues, newest first."""
    statement = select(Issue).where(Issue.home_epci == scope.epci).order_by(col(Issue.id).desc()).limit(100)
    return await _described(session, (await session.exec(statement)).all())


async def get_issue(session: Session, scope: Scope, issue_id: UUID) -> IssueOut:
    """Return an issue with what became of each of its mails.

    Raises:
        IssueNotFound: nothing under this id.
    """
    found = await session.get(Issue, issue_id)
    if found is None or found.home_epci != scope.epci:
        raise IssueNotFound
    return (await _described(session, [found]))[0]


async def _described(session: Session, issues: Sequence[Issue]) -> list[IssueOut]:
    ids = [issue.id for issue in issues]
    counts: dict[UUID, dict[DeliveryState, int]] = {}
    by_state = (
        select(Delivery.issue_id, Delivery.state, func.count())
        .where(col(Delivery.issue_id).in_(ids))
        .group_by(col(Delivery.issue_id), col(Delivery.state))
    )
    for issue_id, state, count in (await session.exec(by_state)).all():
        if issue_id is not None:
            counts.setdefault(issue_id, {})[DeliveryState(state)] = count
    subjects: dict[UUID, list[str]] = {}
    composed = select(Composition.issue_id, Composition.subject).where(col(Composition.issue_id).in_(ids))
    for issue_id, subject in (await session.exec(composed.order_by(col(Composition.id)))).all():
        subjects.setdefault(issue_id, []).append(subject)
    return [_issue_out(issue, counts.get(issue.id, {}), subjects.get(issue.id, [])) for issue in issues]


def _issue_out(issue: Issue, deliveries: dict[DeliveryState, int], subjects: list[str]) -> IssueOut:
    return IssueOut(
        id=issue.id,
        rule_id=issue.rule_id,
        rhythm=issue.rhythm,
        number=issue.number,
        state=issue.state.value,
        audience=issue.audience,
        compositions=len(subjects),
        subjects=subjects,
        deliveries=deliveries,
        created_at=issue.created_at,
        finished_at=issue.finished_at,
    )
