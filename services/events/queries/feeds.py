"""The agenda for other programs’ calendars."""

from collections.abc import Mapping
from datetime import timedelta

from services.events.queries.agenda import Wanted, list_agenda
from services.events.rules.calendar import domain_of, entry_of, feed
from shared.clock import now
from shared.db.session import Session
from shared.identity.access import Scope, visitor_scope

PAST, AHEAD = timedelta(days=30), timedelta(days=365)
MOST = 1_000


async def public_calendar(session: Session, scope: Scope, *, name: str, base_urls: Mapping[str, str]) -> str:
    """Return the public agenda of the territory as an iCalendar feed, cancelled events included for 30 days.

    Args:
        session: a session that reads.
        scope: who asks; the feed is what a visitor sees, whoever it is.
        name: what calendars call the feed.
        base_urls: address of each member’s instance by SIREN, which makes the identifiers its own feed uses.
    """
    at = now()
    wanted = Wanted(since=at - PAST, until=at + AHEAD, limit=MOST)
    views = await list_agenda(session, visitor_scope(scope.epci), wanted)
    entries = [
        entry_of(view, slot, domain=domain_of(base_urls[view.home_epci]))
        for view in views
        if view.home_epci in base_urls
        for slot in view.slots
    ]
    return feed(entries, name=name, stamp=at)
