"""JSON doors: the feed, subscriptions, rules and their issues, what became of every mail."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from services.notifications.commands import issues, subscriptions
from services.notifications.queries import deliveries, feed, letters, readers
from services.notifications.rules.house import house_of
from services.notifications.schemas import (
    DeliveriesOut,
    IssueOut,
    IssuesOut,
    RuleIn,
    RuleOut,
    RulesOut,
    RunIn,
    SubscriptionAsked,
    SubscriptionIn,
    SubscriptionsOut,
)
from shared.fields import Siren
from shared.http.guards import Router, Who
from shared.http.paging import Listing, TerritoryPage, listing
from shared.http.preconditions import OnlyOnce, tag
from shared.http.session import Reading, Transaction
from shared.identity.access import Right
from shared.ids import TerritoryKey

router = Router(prefix="/api/v1", tags=["notifications"])


@router.read("/feed", right=Right.PUBLIC)
async def get_feed(
    session: Reading, who: Who, page: TerritoryPage, epci: Annotated[Siren | None, Query()] = None
) -> Listing[dict[str, Any]]:
    """Give the feed of the whole territory, newest first; to visitors its public part."""
    found = await feed.list_feed(session, who, limit=page.limit + 1, after=page.after, epci=epci)
    return listing(found, limit=page.limit, by=lambda entry: TerritoryKey(entry["home_epci"], entry["id"]))


@router.act("/subscriptions", right=Right.PUBLIC, limit="form", status_code=202)
async def post_subscription(
    request: Request, session: Transaction, who: Who, asked: SubscriptionIn
) -> SubscriptionAsked:
    """Mail the link that starts a subscription; the answer never tells whether the address is known."""
    await subscriptions.ask_subscription(session, who, asked, house=house_of(request.app.state))
    return SubscriptionAsked()


@router.read("/subscriptions", right=Right.MANAGE_LETTERS)
async def get_subscriptions(session: Reading, who: Who) -> SubscriptionsOut:
    """Give the readers and their number by state."""
    return await readers.describe_readers(session, who)


@router.act("/rules", right=Right.MANAGE_LETTERS, status_code=201)
async def post_rule(session: Transaction, who: Who, asked: RuleIn, response: Response, only_once: OnlyOnce) -> RuleOut:
    """Add a newsletter rule."""
    rule = await issues.add_rule(session, who, asked)
    tag(response, rule.version)
    return only_once.keep(letters.rule_out(rule), response=response)


@router.read("/rules", right=Right.MANAGE_LETTERS)
async def get_rules(session: Reading, who: Who) -> RulesOut:
    """Give every rule."""
    return RulesOut(items=[letters.rule_out(rule) for rule in await letters.list_rules(session, who)])


@router.act("/rules/{rule_id}/runs", right=Right.MANAGE_LETTERS, status_code=201)
async def post_run(request: Request, session: Transaction, who: Who, rule_id: UUID, asked: RunIn) -> IssueOut:
    """Run a rule now for one rhythm; again, with nothing new, and the issue is empty and nobody gets a mail."""
    house = house_of(request.app.state)
    issue = await issues.run_rule(session, who, rule_id, rhythm=asked.rhythm, house=house)
    return await letters.get_issue(session, who, issue.id)


@router.read("/issues", right=Right.MANAGE_LETTERS)
async def get_issues(session: Reading, who: Who) -> IssuesOut:
    """Give the last hundred issues."""
    return IssuesOut(items=await letters.list_issues(session, who))


@router.read("/issues/{issue_id}", right=Right.MANAGE_LETTERS)
async def get_issue(session: Reading, who: Who, issue_id: UUID) -> IssueOut:
    """Give one issue and what became of each of its mails."""
    return await letters.get_issue(session, who, issue_id)


@router.read("/deliveries/summary", right=Right.MANAGE_LETTERS)
async def get_deliveries(session: Reading, who: Who) -> DeliveriesOut:
    """Give the number of mails in each state."""
    return await deliveries.summarise(session, who)
