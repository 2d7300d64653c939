"""What the agenda declares of itself to whoever runs it."""

from services.events import api, pages
from services.events.consumers import consumers
from services.events.jobs import jobs
from services.events.models import TABLES, Base, StoredAnswer
from services.events.queries.home import load_agenda
from shared.service import Section, Service

SERVICE = Service(
    name="events",
    package="services.events",
    metadata=Base.metadata,
    tables=TABLES,
    answers=StoredAnswer,
    routers=(api.router, pages.router),
    consumers=consumers,
    jobs=jobs,
    home=(Section("agenda", "events/home_agenda.html", load_agenda, side=True, order=30),),
)
