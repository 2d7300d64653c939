"""Shapes of people, their roles and oppositions."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator

from services.contacts.models import Person
from services.contacts.rules.decisions import belongs_to, canonical_phone, is_reachable
from services.contacts.rules.words import InteractionKind, LegalBasis, Purpose, StatedBy, Statement
from services.contacts.schemas.base import Asked, Change, Listed, Name, Sentence, refuse_null
from shared.contracts.contacts import Channel
from shared.fields import Code, Day, Email, ShortLine, Siren, Siret

UNREACHABLE = "Indiquez une adresse électronique ou un téléphone."

Phone = Annotated[ShortLine, AfterValidator(canonical_phone)]


class RoleGiven(Asked):
    """What somebody is at a company of the directory."""

    siren: Siren
    siret: Siret | None = None
    title: Name
    since: Day | None = None
    until: Day | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.siret is not None and not belongs_to(self.siret, self.siren):
            raise ValueError("Ce SIRET n’est pas celui d’un établissement de cette entreprise.")
        if self.since and self.until and self.until < self.since:
            raise ValueError("Une fonction ne peut pas finir avant d’avoir commencé.")
        return self


Roles = Annotated[tuple[RoleGiven, ...], Field(max_length=20)]


class NewPerson(Asked):
    """Somebody of a company: where her data come from, when she was told, for what and on what ground."""

    given_name: ShortLine = ""
    family_name: Name
    email: Email | None = None
    phone: Phone | None = None
    language: Code = "fr"
    source: Sentence
    collected_on: Day
    informed_on: Day | None = None
    purpose: Purpose
    basis: LegalBasis
    roles: Roles = ()

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not is_reachable(email=self.email, phone=self.phone):
            raise ValueError(UNREACHABLE)
        return self


class PersonChange(Change):
    """New values; ``roles``, when given, replaces all of them."""

    given_name: ShortLine | None = None
    family_name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    language: Code | None = None
    informed_on: Day | None = None
    purpose: Purpose | None = None
    basis: LegalBasis | None = None
    roles: Roles | None = None

    @model_validator(mode="after")
    def _filled(self) -> Self:
        refuse_null(self, "given_name", "family_name", "language", "purpose", "basis", "roles")
        return self


class NewOpposition(Asked):
    """A statement of the person, or noted by the team, on one channel or all; how it was received."""

    channel: Channel
    statement: Statement = Statement.OPPOSED
    stated_by: StatedBy = StatedBy.PERSON
    stated_on: Day
    received_by: InteractionKind


class RoleView(BaseModel):
    """A role, with the name of the company."""

    siren: str
    company: str
    siret: str | None
    title: str
    since: date | None
    until: date | None


class OppositionView(BaseModel, from_attributes=True):
    """One statement of the history."""

    channel: Channel
    statement: Statement
    stated_by: StatedBy
    stated_on: date
    received_by: InteractionKind
    recorded_at: datetime


class Opposed(BaseModel):
    """What a person opposes now."""

    id: UUID
    version: int
    opposed: tuple[str, ...]


class PersonView(Listed):
    """A person of the directory."""

    version: int
    given_name: str
    family_name: str
    email: str | None
    phone: str | None
    language: str | None
    source: str
    collected_on: date | None
    informed_on: date | None
    purpose: Purpose
    basis: LegalBasis
    opposed: tuple[str, ...]
    last_inbound_at: datetime | None
    roles: tuple[RoleView, ...] = ()


class PersonSheet(PersonView):
    """A person with the history of her oppositions."""

    oppositions: tuple[OppositionView, ...] = ()


def view_of(person: Person, roles: tuple[RoleView, ...]) -> PersonView:
    """Return a person as lists show her."""
    return PersonView.model_validate(person).model_copy(update={"roles": roles})
