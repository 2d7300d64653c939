"""What the agenda declares of itself to whoever runs it."""

from services.events import api, pages
from services.events.commands.mails import withdraw_order
from services.events.consumers import consumers
from services.events.jobs import jobs
from services.events.models import TABLES, Base, Event, KnownEvent, MailOrder, Registration, StoredAnswer
from services.events.queries.home import load_agenda
from shared.messaging.known import Projection
from shared.messaging.restating import Numbered
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
    projections=(Projection(KnownEvent),),
    aggregates={
        "agenda-event": Numbered(Event),
        "registration": Numbered(Registration),
        "mail-order": Numbered(MailOrder, bury=withdraw_order, derived=True),
    },
)
