"""What contacts declares to whoever runs it."""

from services.contacts import api
from services.contacts.commands.erasure import erase_again
from services.contacts.consumers import consumers
from services.contacts.models import TABLES, Base, KnownRegistration, Person, StoredAnswer
from services.contacts.rules.decisions import ERASED
from shared.messaging.known import Projection
from shared.messaging.restating import Numbered
from shared.service import Service

SERVICE = Service(
    name="contacts",
    package="services.contacts",
    metadata=Base.metadata,
    tables=TABLES,
    answers=StoredAnswer,
    routers=(api.router,),
    consumers=consumers,
    projections=(Projection(KnownRegistration, emptied=lambda table: table.c.name == ERASED),),
    aggregates={"person-card": Numbered(Person, bury=erase_again)},
)
