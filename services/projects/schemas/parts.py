"""The parts of a fiche as they are answered to those of its own EPCI."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, PlainSerializer

from services.projects.models import FundingLine, Indicator
from services.projects.rules.funding import suggested
from services.projects.rules.indicators import INDICATORS, progress
from services.projects.rules.words import AbandonReason, Body, Entry, MilestoneStatus, Move, Outcome
from shared.contracts import projects as wire
from shared.fields import Day, Id, Money, Quantity

Ratio = Annotated[
    Decimal,
    PlainSerializer(
        lambda value: str(value.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)), return_type=str, when_used="json"
    ),
]
Gap = Annotated[Decimal, PlainSerializer(lambda value: f"{value:.2f}", return_type=str, when_used="json")]
"""Euros that may be negative, more money than cost, or more than anybody may write, in a sum."""


class Shown(BaseModel):
    """An answer, read from rows."""

    model_config = ConfigDict(from_attributes=True)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


class FiguresShown(Shown):
    """Derived figures of the funding plan; ``null`` where there is nothing to divide by."""

    best: Money
    gap: Gap | None
    coverage: Ratio | None
    secured: Money
    gap_secured: Gap | None
    requested: Money
    granted: Money
    paid: Money
    success_rate: Ratio | None
    success_rate_by_number: Ratio | None
    payment_rate: Ratio | None
    remaining: Money
    public: Money
    private: Money
    public_rate: Ratio | None
    leverage: Ratio | None
    sponsor_share: Ratio | None


class LineShown(Shown):
    """One funding line."""

    id: Id
    funder: wire.FunderType
    funder_siren: str | None
    funder_name: str
    scheme: str
    nature: wire.FundingNature
    status: wire.FundingStatus
    basis_ht: Money | None
    rate: Decimal | None
    amount_planned: Money | None
    amount_requested: Money | None
    amount_granted: Money | None
    amount_paid: Money | None
    grant_equivalent: Money | None
    match_ratio: Decimal | None
    matched_line_ids: list[Id]
    suggested_amount: Money | None
    fallback_line_id: Id | None
    target: Money | None
    collected: Money | None
    contributors: int | None
    filed_on: Day | None
    decided_on: Day | None
    notified_on: Day | None
    paid_on: Day | None
    decision_ref: str
    attempt: int
    retry_of: Id | None

    @classmethod
    def of(cls, line: FundingLine, lines: Sequence[FundingLine]) -> Self:
        """Return a line beside the others of its plan, which some of its figures follow from."""
        matched = set(line.matched_line_ids)
        amount = suggested(
            (one for one in lines if str(one.id) in matched),
            match_ratio=_decimal(line.match_ratio),
            basis_ht=line.basis_ht,
            rate=_decimal(line.rate),
        )
        plain = {name: getattr(line, name) for name in cls.model_fields if name != "suggested_amount"}
        return cls.model_validate(plain | {"suggested_amount": amount})


class MilestoneShown(Shown):
    """One dated step."""

    id: Id
    label: str
    due: Day | None
    done_on: Day | None
    status: MilestoneStatus
    responsible: Id | None


class MeasuredShown(Shown):
    """One value of an indicator."""

    value: Quantity
    on: Day | None = None
    source: str = ""
    quality: wire.Quality = wire.Quality.DECLARED


class IndicatorShown(Shown):
    """One indicator; ``common`` ones are added up over the territory."""

    id: Id
    code: str
    common: bool
    label: str
    unit: str
    baseline: MeasuredShown | None
    target: MeasuredShown | None
    actual: MeasuredShown | None
    progress: Ratio | None
    not_measurable: bool
    not_measurable_reason: str
    comment: str

    @classmethod
    def of(cls, indicator: Indicator) -> Self:
        """Return an indicator with how far it got."""
        values = {
            name: Decimal(told["value"]) if (told := getattr(indicator, name)) else None
            for name in ("baseline", "target", "actual")
        }
        made = {"common": indicator.code in INDICATORS, "progress": progress(**values)}
        plain = {name: getattr(indicator, name) for name in cls.model_fields if name not in made}
        return cls.model_validate(plain | made)


class ApplicationShown(Shown):
    """The answer of the project to a call."""

    id: Id
    call_epci: str
    call_id: Id
    call_title: str
    status: wire.ApplicationStatus
    line_id: Id | None
    submitted_on: Day | None
    decided_on: Day | None
    note: str


class DecisionShown(Shown):
    """One decision."""

    id: Id
    meeting_id: Id | None
    outcome: Outcome
    body: Body
    decided_on: Day
    reference: str
    conditions: str
    accepted_gap_eur: Money | None


class MoveShown(Shown):
    """One move of the past; ``import`` and the creation are among them."""

    number: int
    move: Move | None
    from_stage: wire.Stage | None
    to_stage: wire.Stage
    entered_on: Day
    attempt: int
    reason: str
    abandon_reason: AbandonReason | None
    kept_project_id: Id | None
    undone: bool


class PartnerShown(Shown):
    """One partner EPCI: what this one wrote, and where both stand."""

    siren: str
    entry: Entry
    round: int
    role: wire.PartnerRole
    status: wire.ParticipantStatus
