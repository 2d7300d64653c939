"""The only coupling between services and EPCI: one module per sending service, and the catalogue of them all."""

from shared.contracts import contacts, events, notifications, projects
from shared.contracts.base import State
from shared.contracts.common import Heartbeat

_STATES: tuple[type[State], ...] = (
    *projects.STATES,
    *contacts.STATES,
    *events.STATES,
    *notifications.STATES,
    Heartbeat,
)

CATALOGUE: dict[str, type[State]] = {state.aggregate: state for state in _STATES}
EVERY_SERVICE = "*"
SERVICES = tuple(sorted({state.service for state in _STATES} - {EVERY_SERVICE}))
"""Those that send; what is of every service, each of them sends."""
