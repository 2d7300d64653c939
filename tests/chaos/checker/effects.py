"""I3: at most one visible effect of each cause. P11: a meeting is never over-booked. F16: who left gets nothing."""

from collections import Counter
from collections.abc import Iterator

from services.events.models import MailOrder, Registration, SeatPool
from services.notifications.models import Delivery, FeedLog
from services.notifications.rules.delivery import DeliveryState
from tests.chaos.checker.evidence import Evidence
from tests.chaos.ledger import Outcome

AFTER_LEAVING_S = 1.0
DEPARTED = frozenset({DeliveryState.ACCEPTED})
MAYBE = frozenset({DeliveryState.UNCERTAIN, DeliveryState.SENDING})


def mails_twice(evidence: Evidence) -> Iterator[str]:
    """Name each mail that arrived more than once, other than by the second try of which its instance knows."""
    copies = Counter((recipient, message_id) for recipient, message_id, _ in evidence.mails)
    tried_again = {address for address, count in _second_tries(evidence).items() if count}
    for (recipient, message_id), count in copies.items():
        if count > (2 if recipient in tried_again else 1):
            yield f"{recipient} got {message_id} {count} times"


def mails_accounted(evidence: Evidence) -> Iterator[str]:
    """Name each address whose mails are not those that its instance accounts for."""
    arrived = Counter(recipient for recipient, _, _ in evidence.mails)
    sure: Counter[str] = Counter()
    maybe = _second_tries(evidence)
    left = {line.more for line in evidence.lines if line.act == "reader.leave" and line.outcome is not Outcome.REFUSED}
    for tables in evidence.tables.values():
        for delivery in tables.all(Delivery):
            sure[delivery.address] += delivery.state in DEPARTED
            maybe[delivery.address] += delivery.state in MAYBE
    for address in (arrived.keys() | sure.keys()) - left:
        if "@" in address and not sure[address] <= arrived[address] <= sure[address] + maybe[address]:
            yield f"{address} got {arrived[address]} mails; {sure[address]} are accepted, {maybe[address]} uncertain"


def _second_tries(evidence: Evidence) -> Counter[str]:
    """Return by address how many mails were sent once more, 15 minutes after nobody knew what became of them."""
    return Counter(
        delivery.address
        for tables in evidence.tables.values()
        for delivery in tables.all(Delivery)
        if delivery.second_try_used
    )


def mails_after_leaving(evidence: Evidence) -> Iterator[str]:
    """Name each letter that left after its reader had been told that there would be none."""
    ended = {line.more: line.at for line in evidence.lines if line.act == "reader.leave" and line.outcome is Outcome.OK}
    for recipient, message_id, at in evidence.mails:
        if recipient in ended and at > ended[recipient] + AFTER_LEAVING_S:
            yield f"{recipient} got {message_id} {at - ended[recipient]:.1f} s after leaving"


def seats(evidence: Evidence) -> Iterator[str]:
    """Name each meeting whose seats are not those that people hold."""
    for siren, tables in evidence.tables.items():
        held = Counter(row.event_id for row in tables.all(Registration) if row.seat)
        for pool in tables.all(SeatPool):
            if pool.held > pool.capacity or held[pool.event_id] != pool.held:
                people = held[pool.event_id]
                yield f"{siren}: {people} people hold {pool.held} of {pool.capacity} seats of {pool.event_id}"


def news_twice(evidence: Evidence) -> Iterator[str]:
    """Name each order mailed twice, and each piece of news numbered twice."""
    for siren, tables in evidence.tables.items():
        orders = Counter(row.order_id for row in tables.all(Delivery) if row.order_id)
        yield from (f"{siren}: {count} mails for order {one}" for one, count in orders.items() if count > 1)
        news = Counter((row.home_epci, row.entry_id, row.news_rev) for row in tables.all(FeedLog))
        yield from (f"{siren}: news {one} numbered {count} times" for one, count in news.items() if count > 1)


def orders_forgotten(evidence: Evidence) -> Iterator[str]:
    """Name each mail that the agenda ordered and notifications does not know."""
    for siren, tables in evidence.tables.items():
        known = {row.order_id for row in tables.all(Delivery)}
        for order in tables.all(MailOrder):
            if order.settled_at is None and order.id not in known:
                yield f"{siren}: order {order.id} was never heard"
