"""What this service declares of itself."""

from services.notifications import api, pages
from services.notifications.consumers import consumers
from services.notifications.jobs import jobs
from services.notifications.models import TABLES, Base, KnownHeartbeat, StoredAnswer
from services.notifications.queries.feed import load_home_feed, load_home_heard
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
    home=(
        Section("feed", "notifications/home_feed.html", load_home_feed, order=10),
        Section("heard", "notifications/home_heard.html", load_home_heard, side=True, order=90),
    ),
    heartbeats=KnownHeartbeat,
)
