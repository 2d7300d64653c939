"""What the public page of an instance shows of the agenda."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.events.queries.agenda import Wanted, list_agenda
from services.events.rules.publication import NOT_TAKING_PLACE
from services.events.schemas import EventView
from shared.clock import now
from shared.contracts.events import Slot
from shared.db.session import Session
from shared.identity.access import Scope, visitor_scope
from shared.web.formats import nombre, pluriel

SHOWN = 8


@dataclass(frozen=True)
class Figure:
    """One indicator at the top of the page."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Line:
    """One meeting to come: its next session, and how many seats are left, in words."""

    event: EventView
    slot: Slot
    seats: str


async def load_agenda(session: Session, scope: Scope) -> Mapping[str, Any]:
    """Return the public meetings of the territory that are not over, and how many have a session still to start."""
    at = now()
    views = await list_agenda(session, visitor_scope(scope.epci), Wanted(since=at, limit=200))
    coming = [view for view in views if view.schedule not in NOT_TAKING_PLACE and view.slots]
    ahead = sum(any(slot.start > at for slot in view.slots) for view in coming)
    lines = [
        Line(view, next((slot for slot in view.slots if slot.end > at), view.slots[-1]), seats_in_words(view, at=at))
        for view in coming
    ]
    return {
        "lines": lines[:SHOWN],
        "more": max(0, len(lines) - SHOWN),
        "figures": [Figure("Rendez-vous à venir", nombre(ahead), "publics, dans tout le territoire")],
    }


def seats_in_words(view: EventView, *, at: datetime) -> str:
    """Write how many seats are left: ``3 places``, ``complet, liste d’attente``; empty when nobody counts them.

    What has begun, or takes no registration any more, says so in their place.
    """
    if all(slot.start <= at for slot in view.slots):
        return "en cours"
    if view.registration_closes is not None and view.registration_closes <= at:
        return "inscriptions closes"
    left = view.capacity.left
    if left is None:
        return ""
    return pluriel(left, "place") if left else "complet, liste d’attente"
