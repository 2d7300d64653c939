"""Shapes of exchanges, whether noted by the team or born of an attendance."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from services.contacts.rules.words import (
    ExchangeSource,
    InitiatedBy,
    InteractionKind,
    InteractionVisibility,
    NeedTheme,
)
from services.contacts.schemas.base import Asked, Listed
from shared.fields import Id, Instant, Text

MAX_SUMMARY = 10_000


def _not_too_long(value: str) -> str:
    if len(value) > MAX_SUMMARY:
        raise ValueError("Un résumé compte 10 000 caractères au plus.")
    return value


Summary = Annotated[Text, AfterValidator(_not_too_long)]


class NewInteraction(Asked):
    """An exchange to be noted."""

    kind: InteractionKind
    occurred_at: Instant
    initiated_by: InitiatedBy
    summary: Summary = ""
    themes: Annotated[tuple[NeedTheme, ...], Field(max_length=14)] = ()
    person_id: Id | None = None
    event_id: Id | None = None
    visibility: InteractionVisibility = InteractionVisibility.TEAM


class ExchangeView(Listed):
    """One line of a company’s exchanges; ``participant`` is told for attendances only."""

    source: ExchangeSource
    kind: InteractionKind
    occurred_at: datetime
    initiated_by: InitiatedBy
    summary: str
    themes: tuple[str, ...]
    person_id: UUID | None
    participant: str
    event_id: UUID | None


class UnlinkedAttendance(Listed):
    """An attendance that no company of the directory claims, under the name which the person gave."""

    organisation: str
    siren: str | None
    participant: str
    event_id: UUID | None
    event_title: str
    occurred_at: datetime
