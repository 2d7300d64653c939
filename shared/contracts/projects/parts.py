"""Pieces of the states that the service projects tells."""

from decimal import Decimal
from typing import Annotated

from shared.contracts.base import Open, Part, Visibility
from shared.contracts.projects.words import (
    ApplicationStatus,
    BinomeRole,
    BodyRole,
    FunderType,
    FundingNature,
    FundingStatus,
    ParticipantStatus,
    PartnerRole,
    Quality,
    SponsorType,
    Stage,
)
from shared.fields import Code, Count, Day, Id, Line, Money, Paragraph, Quantity, Rate, ShortLine, Siren, Siret

T, P = Visibility.TERRITORY, Visibility.PUBLIC


class Sponsor(Part):
    """Who carries the project."""

    type: Annotated[Open[SponsorType], P] = SponsorType.OTHER
    siret: Annotated[Siret | None, T] = None
    name: Annotated[Line, T] = ""


class Participant(Part):
    """One EPCI of a project carried by several."""

    siren: Annotated[Siren, P]
    role: Annotated[Open[PartnerRole], P] = PartnerRole.PARTNER
    status: Annotated[Open[ParticipantStatus], P] = ParticipantStatus.INVITED
    round: Annotated[Count, P] = 1


class PartnerBody(Part):
    """A body that helps: it pays, advises, trains."""

    siret: Annotated[Siret | None, T] = None
    name: Annotated[Line, T] = ""
    role: Annotated[Open[BodyRole], T] = BodyRole.TECHNICAL


class BinomeMember(Part):
    """One person of the binôme or trio; who that is, only its EPCI knows."""

    role: Annotated[Open[BinomeRole], T]
    id: Annotated[Id, T]


class ProgrammeLink(Part):
    """A programme that a project is part of, written by the EPCI that steers it."""

    home_epci: Annotated[Siren, P]
    id: Annotated[Id, P]


class ExternalId(Part):
    """What another system calls the project."""

    service: Annotated[Code, T]
    id: Annotated[ShortLine, T]


class Application(Part):
    """The answer of the project to a call; its money is that of the line it names."""

    id: Annotated[Id, T]
    call_epci: Annotated[Siren, T]
    call_id: Annotated[Id, T]
    status: Annotated[Open[ApplicationStatus], T] = ApplicationStatus.IDENTIFIED
    line_id: Annotated[Id | None, T] = None
    submitted_on: Annotated[Day | None, T] = None
    decided_on: Annotated[Day | None, T] = None


class FundingLine(Part):
    """One line of the funding plan, HT."""

    id: Annotated[Id, T]
    funder: Annotated[Open[FunderType], T] = FunderType.OTHER
    funder_name: Annotated[Line, T] = ""
    scheme: Annotated[Line, T] = ""
    nature: Annotated[Open[FundingNature], T] = FundingNature.GRANT
    status: Annotated[Open[FundingStatus], T] = FundingStatus.PLANNED
    basis_ht: Annotated[Money | None, T] = None
    rate: Annotated[Rate | None, T] = None
    amount_planned: Annotated[Money | None, T] = None
    amount_requested: Annotated[Money | None, T] = None
    amount_granted: Annotated[Money | None, T] = None
    amount_paid: Annotated[Money | None, T] = None
    grant_equivalent: Annotated[Money | None, T] = None
    target: Annotated[Money | None, T] = None
    collected: Annotated[Money | None, T] = None
    contributors: Annotated[Count | None, T] = None
    filed_on: Annotated[Day | None, T] = None
    decided_on: Annotated[Day | None, T] = None
    paid_on: Annotated[Day | None, T] = None
    attempt: Annotated[Count, T] = 1


class Measured(Part):
    """One value of an indicator: how much, when, who says so."""

    value: Annotated[Quantity, T]
    on: Annotated[Day | None, T] = None
    source: Annotated[Line, T] = ""
    quality: Annotated[Open[Quality], T] = Quality.DECLARED


class Indicator(Part):
    """What a project aims at and what it reached; the common codes are added up over the territory."""

    code: Annotated[Code, T]
    label: Annotated[Line, T] = ""
    unit: Annotated[ShortLine, T] = ""
    baseline: Annotated[Measured | None, T] = None
    target: Annotated[Measured | None, T] = None
    actual: Annotated[Measured | None, T] = None
    not_measurable: Annotated[bool, T] = False
    comment: Annotated[Paragraph, T] = ""


class Milestone(Part):
    """One dated step."""

    label: Annotated[Line, T]
    due: Annotated[Day | None, T] = None
    status: Annotated[Code, T] = "planned"


class Totals(Part):
    """Derived figures of a funding plan, in euros HT."""

    total_cost_ht: Annotated[Money | None, P] = None
    requested: Annotated[Money, P] = Decimal(0)
    granted: Annotated[Money, P] = Decimal(0)
    paid: Annotated[Money, P] = Decimal(0)


class Source(Part):
    """Where the facts of an imported project come from."""

    label: Annotated[Line, P]
    dated: Annotated[Day | None, P] = None
    quality: Annotated[Open[Quality], P] = Quality.ANNOUNCED


class StageEntry(Part):
    """When a stage was entered, and why if by import."""

    stage: Annotated[Open[Stage], P]
    entered_on: Annotated[Day, P]
    by_import: Annotated[bool, P] = False
