"""What contacts declares to whoever runs it."""

from services.contacts import api
from services.contacts.consumers import consumers
from services.contacts.models import TABLES, Base, StoredAnswer
from shared.service import Service

SERVICE = Service(
    name="contacts",
    package="services.contacts",
    metadata=Base.metadata,
    tables=TABLES,
    answers=StoredAnswer,
    routers=(api.router,),
    consumers=consumers,
)
