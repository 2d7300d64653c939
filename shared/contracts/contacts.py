"""What the service contacts tells the services of its own EPCI: person cards, on the private topic."""

from enum import StrEnum
from typing import Annotated, ClassVar

from shared.contracts.base import Open, State, Visibility
from shared.fields import Code, Email, Id, Insee, Line, ShortLine, Siren

L = Visibility.PRIVATE


class Channel(StrEnum):
    """What a person may oppose."""

    EMAIL = "email"
    PHONE = "phone"
    POST = "post"
    SURVEY = "survey"
    ALL = "all"


class PersonCard(State):
    """What the other services of the EPCI need to know of a person: address, oppositions, company."""

    aggregate: ClassVar[str] = "person-card"
    service: ClassVar[str] = "contacts"
    scopes: ClassVar[tuple[Visibility, ...]] = (L,)
    facts: ClassVar[frozenset[str]] = frozenset({"upserted", "opposed", "erased"})
    last_facts: ClassVar[frozenset[str]] = frozenset({"erased"})

    given_name: Annotated[ShortLine, L] = ""
    family_name: Annotated[ShortLine, L] = ""
    email: Annotated[Email | None, L] = None
    organisation: Annotated[Line, L] = ""
    siren: Annotated[Siren | None, L] = None
    naf: Annotated[Code | None, L] = None
    commune_insee: Annotated[Insee | None, L] = None
    opposed: Annotated[tuple[Open[Channel], ...], L] = ()
    merged_ids: Annotated[tuple[Id, ...], L] = ()


STATES: tuple[type[State], ...] = (PersonCard,)
