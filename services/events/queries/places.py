"""What the holder of a signed link sees of a place, and a visitor of a form."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.events.queries.meetings import get_meeting
from services.events.queries.registrations import get_registration
from services.events.queries.states import own_view
from services.events.rules.mails import occasion_of
from services.events.rules.registrations import TABLE, Standing
from services.events.schemas import EventView
from shared.clock import now
from shared.contracts.events import RegistrationState
from shared.db.session import Session
from shared.identity.access import Scope


@dataclass(frozen=True)
class PlaceView:
    """One place, as its holder sees it; ``until``: the end of the hold or of the offer."""

    event_id: UUID
    title: str
    when: tuple[str, ...]
    where: str
    state: RegistrationState
    until: datetime | None

    @property
    def can_cancel(self) -> bool:
        """Tell whether there is something to give back."""
        return TABLE[self.state].standing is not Standing.NEGATIVE and self.state is not RegistrationState.ATTENDED


@dataclass(frozen=True)
class FormView:
    """One event, as its registration form shows it; ``closed`` says why nobody can register."""

    event: EventView
    when: tuple[str, ...]
    where: str
    closes: datetime
    closed: str | None


async def get_place(session: Session, scope: Scope, registration_id: UUID) -> PlaceView:
    """Return a place as it is at this moment: what has run out of time counts as expired, noted or not.

    Raises:
        NotFound: no such registration in this instance.
    """
    registration = await get_registration(session, scope, registration_id)
    meeting = await get_meeting(session, scope, registration.event_id)
    occasion = occasion_of(own_view(session, meeting))
    until = registration.offer_expires_at or registration.hold_expires_at
    return PlaceView(
        event_id=registration.event_id,
        title=occasion.title,
        when=occasion.when,
        where=occasion.place,
        state=RegistrationState.EXPIRED if until is not None and until <= now() else registration.state,
        until=until,
    )


async def get_form(session: Session, scope: Scope, event_id: UUID) -> FormView:
    """Return what the form of one of our events shows.

    Raises:
        NotFound: no such event for whoever asks.
    """
    meeting = await get_meeting(session, scope, event_id)
    view = own_view(session, meeting)
    occasion = occasion_of(view)
    return FormView(view, occasion.when, occasion.place, meeting.closes, meeting.closed)
