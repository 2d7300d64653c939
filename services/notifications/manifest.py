"""What this service declares of itself."""

from services.notifications import api, pages
from services.notifications.commands.restoring import set_mails_aside
from services.notifications.consumers import consumers
from services.notifications.jobs import check_relay, jobs
from services.notifications.models import (
    TABLES,
    Base,
    Delivery,
    Entry,
    KnownEntry,
    KnownHeartbeat,
    KnownPerson,
    StoredAnswer,
)
from services.notifications.queries.feed import load_home_feed, load_home_heard
from shared.messaging.known import Projection
from shared.messaging.restating import Numbered
from shared.service import Section, Service

SERVICE = Service(
    name="notifications",
    package="services.notifications",
    metadata=Base.metadata,
    tables=TABLES,
    answers=StoredAnswer,
    routers=(api.router, pages.router),
    consumers=consumers,
    jobs=jobs,
    checks=(check_relay,),
    home=(
        Section("feed", "notifications/home_feed.html", load_home_feed, order=10),
        Section("heard", "notifications/home_heard.html", load_home_heard, side=True, order=90),
    ),
    heartbeats=KnownHeartbeat,
    # The log of news and its numbers are no projection: readers hold positions in them.
    projections=(Projection(KnownEntry), Projection(KnownPerson), Projection(KnownHeartbeat)),
    aggregates={
        "feed-entry": Numbered(Entry, derived=True),
        "delivery-report": Numbered(Delivery, key="order_id", version="reports", derived=True),
    },
    after_restore=set_mails_aside,
)
