"""The table role × right, and the scope: who asks, for which EPCI."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What somebody is in the instance of an EPCI."""

    VISITOR = "visitor"
    AGENT = "agent"
    COORDINATOR = "coordinator"
    ADMIN = "admin"
    INTEGRATOR = "integrator"


class Right(StrEnum):
    """What a route asks for."""

    PUBLIC = "public"
    LINK = "link"  # the signed token in the address is the right
    READ_TERRITORY = "read_territory"
    WRITE_PROJECTS = "write_projects"
    DECIDE_PROJECTS = "decide_projects"
    WRITE_CONTACTS = "write_contacts"
    READ_PERSONS = "read_persons"
    WRITE_EVENTS = "write_events"
    PUBLISH_EVENTS = "publish_events"
    MANAGE_LETTERS = "manage_letters"
    OPERATE = "operate"


_AGENT = frozenset(
    {
        Right.READ_TERRITORY,
        Right.WRITE_PROJECTS,
        Right.WRITE_CONTACTS,
        Right.READ_PERSONS,
        Right.WRITE_EVENTS,
    }
)
_COORDINATOR = _AGENT | {Right.DECIDE_PROJECTS, Right.PUBLISH_EVENTS, Right.MANAGE_LETTERS}
_OPEN = frozenset({Right.PUBLIC, Right.LINK})

ALLOWED: dict[Role, frozenset[Right]] = {
    Role.VISITOR: _OPEN,
    Role.AGENT: _OPEN | _AGENT,
    Role.COORDINATOR: _OPEN | _COORDINATOR,
    Role.ADMIN: _OPEN | _COORDINATOR | {Right.OPERATE},
    Role.INTEGRATOR: _OPEN | {Right.READ_TERRITORY},
}


@dataclass(frozen=True)
class Scope:
    """Who asks, and for which EPCI; every read takes one."""

    epci: str
    role: Role
    actor: UUID | None = None

    def may(self, right: Right) -> bool:
        """Tell whether this role has the right."""
        return right in ALLOWED[self.role]


def instance_scope(epci: str) -> Scope:
    """Return the scope of the instance itself, for jobs, projectors and reactors."""
    return Scope(epci=epci, role=Role.ADMIN)


def visitor_scope(epci: str) -> Scope:
    """Return the scope of somebody unknown."""
    return Scope(epci=epci, role=Role.VISITOR)
