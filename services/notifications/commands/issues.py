"""Letters that compose themselves: a rule is run for one rhythm, windows are cut, one mail per reader is frozen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from services.notifications.commands.bodies import write_letter
from services.notifications.errors import RulePaused
from services.notifications.models import (
    Composition,
    Delivery,
    DigestWindow,
    Issue,
    IssueState,
    NewsletterRule,
    Subscription,
    WindowOutcome,
)
from services.notifications.queries import deliveries, feed, letters
from services.notifications.queries.readers import list_readers
from services.notifications.rules.delivery import LETTER_LASTS, Lane
from services.notifications.rules.filters import Rhythm, read_filter
from services.notifications.rules.house import House
from services.notifications.rules.letters import Chapter, Item, Part, compose, count_items
from services.notifications.rules.schedule import BURST, Schedule, Window, is_late, last_due, next_window
from services.notifications.schemas import RuleIn
from shared import crash
from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.events import MailClass
from shared.db.session import Session, after_commit
from shared.identity.access import Scope
from shared.ids import uuid7
from shared.web.formats import jour

log = structlog.get_logger(__name__)

OLDEST = timedelta(days=31)


@dataclass(frozen=True)
class _Group:
    """Readers who share filter, reach and window: they get one composition."""

    filter: str
    filter_hash: str
    reach: Visibility
    window: Window


@dataclass
class _Run:
    """One run of a rule, as far as it went."""

    rule: NewsletterRule
    issue: Issue
    house: House
    number: int
    cut: list[DigestWindow] = field(default_factory=list)


async def add_rule(session: Session, scope: Scope, asked: RuleIn) -> NewsletterRule:
    """Add a rule; its first letters go back one month at most."""
    rule = NewsletterRule(
        id=uuid7(),
        home_epci=scope.epci,
        name=asked.name,
        chapters=" ".join(dict.fromkeys(asked.chapters)),
        minimum=asked.minimum,
        hour=asked.hour,
        weekday=asked.weekday,
        month_day=asked.month_day,
        start_seq=await feed.find_seq_since(session, scope, age=OLDEST),
        created_at=now(),
        updated_at=now(),
    )
    session.add(rule)
    await session.flush()
    log.info("rule_added", rule_id=str(rule.id))
    return rule


async def run_rule(
    session: Session,
    scope: Scope,
    rule_id: UUID,
    *,
    rhythm: Rhythm,
    house: House,
    scheduled_for: datetime | None = None,
) -> Issue:
    """Cut the window of each reader of one rhythm and freeze one mail for each who has news, in this transaction.

    With nothing new the issue is empty and nobody gets anything. Below the rule’s minimum the window stays open, and
    its news join the next.

    Raises:
        RuleNotFound: nothing under this id.
        RulePaused: the rule was switched off.
    """
    rule = await letters.get_rule(session, scope, rule_id, lock=True)
    if not rule.active:
        raise RulePaused("Cette règle est arrêtée.")
    issue = await _open_issue(session, scope, rule, rhythm=rhythm, scheduled_for=scheduled_for)
    number = await letters.count_issues(session, scope, rule_id=rule.id) + 1
    run = _Run(rule, issue, house, number)
    groups = await _group_readers(session, scope, run)
    for group, readers in groups.items():
        await _freeze_group(session, scope, run, group, readers)
    session.add_all(run.cut)
    if issue.audience:
        issue.number, issue.state = number, IssueState.SENDING
        after_commit(session, lambda: crash.point("issue.after_freeze"))
    await session.flush()
    log.info("issue_frozen", issue_id=str(issue.id), audience=issue.audience, groups=len(groups))
    return issue


async def run_due_rules(session: Session, scope: Scope, *, house: House) -> int:
    """Run every rule whose hour has come, once per hour of its schedule; return how many ran."""
    ran = 0
    for rule in await letters.list_rules(session, scope):
        for rhythm in Rhythm if rule.active else ():
            due = await _due(session, scope, rule, rhythm)
            if due is not None:
                scheduled_for = None if rhythm is Rhythm.IMMEDIATE else due
                await run_rule(session, scope, rule.id, rhythm=rhythm, house=house, scheduled_for=scheduled_for)
                ran += 1
    return ran


async def has_due_rule(session: Session, scope: Scope) -> bool:
    """Tell whether the hour of a rule has come, and letters may leave."""
    if await deliveries.is_restored(session, scope):
        return False
    for rule in await letters.list_rules(session, scope):
        for rhythm in Rhythm if rule.active else ():
            if await _due(session, scope, rule, rhythm) is not None:
                return True
    return False


async def _due(session: Session, scope: Scope, rule: NewsletterRule, rhythm: Rhythm) -> datetime | None:
    if rhythm is Rhythm.IMMEDIATE:
        return await _due_at_once(session, scope, rule)
    due = last_due(Schedule(rule.hour, rule.weekday, rule.month_day), rhythm, now=now())
    if due is None or due < rule.created_at or is_late(rhythm, due, now=now()):
        return None
    done = await letters.find_scheduled_issue(session, scope, rule_id=rule.id, rhythm=rhythm, due=due)
    return None if done else due


async def _due_at_once(session: Session, scope: Scope, rule: NewsletterRule) -> datetime | None:
    """Return now when there is news since the last immediate letter, which left long enough ago, and a reader."""
    last = await letters.find_last_issue(session, scope, rule_id=rule.id, rhythm=Rhythm.IMMEDIATE)
    if last is not None and now() - last.created_at < BURST:
        return None
    if await feed.get_head(session, scope) <= (last.head_seq if last else rule.start_seq - 1):
        return None
    return now() if await list_readers(session, scope, rhythm=Rhythm.IMMEDIATE) else None


async def _open_issue(
    session: Session, scope: Scope, rule: NewsletterRule, *, rhythm: Rhythm, scheduled_for: datetime | None
) -> Issue:
    issue = Issue(
        id=uuid7(),
        home_epci=scope.epci,
        rule_id=rule.id,
        rhythm=rhythm,
        state=IssueState.EMPTY,
        head_seq=await feed.get_head(session, scope),
        scheduled_for=scheduled_for,
        created_at=now(),
        updated_at=now(),
    )
    session.add(issue)
    await session.flush()
    return issue


async def _group_readers(session: Session, scope: Scope, run: _Run) -> Mapping[_Group, list[Subscription]]:
    served = await letters.list_positions(session, scope, rule_id=run.rule.id)
    groups: dict[_Group, list[Subscription]] = {}
    for reader in await list_readers(session, scope, rhythm=run.issue.rhythm):
        start = max(served.get(reader.id, 0), reader.start_seq, run.rule.start_seq)
        window = next_window(start=start, head=run.issue.head_seq)
        if window is not None:
            groups.setdefault(_Group(reader.filter, reader.filter_hash, reader.reach, window), []).append(reader)
    return groups


async def _freeze_group(
    session: Session, scope: Scope, run: _Run, group: _Group, readers: Sequence[Subscription]
) -> None:
    wanted = read_filter(group.filter)
    news = [
        item for item in await feed.list_news(session, scope, group.window, reach=group.reach) if wanted.matches(item)
    ]
    chapters = [Chapter(word) for word in run.rule.chapters.split()]
    parts = compose(news, own=scope.epci, chapters=chapters, now=now())
    count = count_items(parts)
    if 0 < count < run.rule.minimum:
        return
    outcome = WindowOutcome.MAILED if count else WindowOutcome.EMPTY
    run.cut += [_window(run, group, reader, outcome) for reader in readers]
    if not count:
        return
    composition = _composed(run, group, parts, news)
    session.add(composition)
    await session.flush()
    session.add_all([_letter(run, composition, reader) for reader in readers])
    run.issue.audience += len(readers)


def _window(run: _Run, group: _Group, reader: Subscription, outcome: WindowOutcome) -> DigestWindow:
    return DigestWindow(
        rule_id=run.rule.id,
        subscription_id=reader.id,
        from_seq=group.window.start,
        to_seq=group.window.end,
        issue_id=run.issue.id,
        outcome=outcome,
    )


def _composed(run: _Run, group: _Group, parts: Sequence[Part], news: Sequence[Item]) -> Composition:
    composition_id = uuid7()
    line = f"{run.rule.name}, numéro {run.number} · {jour(now(), semaine=True)}"
    bodies = write_letter(parts, line=line, house=run.house, nonce=composition_id.hex)
    told = [{"epci": item.home_epci, "id": str(item.id), "news_rev": item.news_rev} for item in news]
    return Composition(
        id=composition_id,
        issue_id=run.issue.id,
        filter_hash=group.filter_hash,
        reach=group.reach,
        from_seq=group.window.start,
        to_seq=group.window.end,
        subject=bodies.subject,
        html=bodies.html,
        text=bodies.text,
        items=json.dumps(told),
        created_at=now(),
    )


def _letter(run: _Run, composition: Composition, reader: Subscription) -> Delivery:
    return Delivery(
        id=uuid7(),
        home_epci=run.issue.home_epci,
        lane=Lane.LETTER,
        mail_class=MailClass.DIGEST,
        issue_id=run.issue.id,
        composition_id=composition.id,
        subscription_id=reader.id,
        address=reader.address,
        deadline=now() + LETTER_LASTS,
        created_at=now(),
        updated_at=now(),
    )
