"""Shapes of requests and answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.notifications.rules.delivery import DeliveryState
from services.notifications.rules.filters import Rhythm
from services.notifications.rules.letters import Chapter
from shared.contracts.notifications import EntryKind
from shared.contracts.projects import Axis
from shared.fields import Email, Siren, Title
from shared.web.formats import FIRM

Hour = Annotated[int, Field(ge=0, le=23)]
Weekday = Annotated[int, Field(ge=0, le=6, description="0 = Monday")]
MonthDay = Annotated[int, Field(ge=1, le=28)]
Minimum = Annotated[int, Field(ge=1, le=50)]

WHEN_IT_STARTS = (
    f"L’abonnement commence quand vous appuyez sur «{FIRM}Confirmer mon abonnement{FIRM}», dans la page du lien."
)
"""Said alike by the page of the form and by the mail."""


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FilterIn(_Request):
    """What a reader wants; an empty list asks for everything."""

    epci: Annotated[list[Siren], Field(max_length=100)] = []
    axes: Annotated[list[Axis], Field(max_length=10)] = []
    kinds: Annotated[list[EntryKind], Field(max_length=10)] = []


class SubscriptionIn(_Request):
    """The subscription form."""

    email: Email
    rhythm: Rhythm = Rhythm.WEEKLY
    filter: FilterIn = FilterIn()


class SubscriptionAsked(BaseModel):
    """The one answer to the form, whether the address is known or not."""

    message: str = (
        "Un message de confirmation part vers cette adresse, sauf si un message de moins de 24 heures y attend votre "
        f"réponse. Si rien n’arrive, suivez le lien du message déjà reçu, ou revenez demain. {WHEN_IT_STARTS}"
    )


class FilterOut(BaseModel):
    """The filter of a subscription."""

    epci: list[str]
    axes: list[str]
    kinds: list[str]


class SubscriptionOut(BaseModel):
    """One reader; the address only for those who may read personal data."""

    id: UUID
    state: str
    rhythm: Rhythm
    filter: FilterOut
    reach: str
    confirmed_at: datetime | None
    address: str | None = None


class SubscriptionsOut(BaseModel):
    """Every reader, and how many in each state."""

    counts: dict[str, int]
    items: list[SubscriptionOut]


class RuleIn(_Request):
    """A newsletter rule."""

    name: Title = "La lettre du territoire"
    chapters: Annotated[list[Chapter], Field(min_length=1, max_length=3)] = list(Chapter)
    minimum: Minimum = 1
    hour: Hour = 8
    weekday: Weekday = 0
    month_day: MonthDay = 1


class RuleOut(BaseModel):
    """A newsletter rule as it is."""

    id: UUID
    version: int
    name: str
    chapters: list[Chapter]
    minimum: int
    hour: int
    weekday: int
    month_day: int
    active: bool


class RulesOut(BaseModel):
    """Every rule, oldest first."""

    items: list[RuleOut]


class RunIn(_Request):
    """Which rhythm a run of a rule is for."""

    rhythm: Rhythm


class IssueOut(BaseModel):
    """One run of a rule; the counts by state add up to the audience."""

    id: UUID
    rule_id: UUID
    rhythm: Rhythm
    number: int | None
    state: str
    audience: int
    compositions: int
    subjects: list[str]
    deliveries: dict[DeliveryState, int]
    created_at: datetime
    finished_at: datetime | None


class IssuesOut(BaseModel):
    """Issues, newest first."""

    items: list[IssueOut]


class DeliveriesOut(BaseModel):
    """Every mail of the instance by state; ``expected`` is how many mailboxes should hold one."""

    total: int
    states: dict[DeliveryState, int]
    service: dict[DeliveryState, int]
    letters: dict[DeliveryState, int]
    underway: int
    expected: int
    relay_away_since: datetime | None
