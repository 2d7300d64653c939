"""The parts of a fiche as they are answered to those of its own EPCI."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer

from services.projects.rules.words import AbandonReason, Body, Entry, MilestoneStatus, Move, Outcome
from shared.contracts import projects as wire
from shared.fields import Day, Id, Money

Ratio = Annotated[
    Decimal,
    PlainSerializer(
        lambda value: str(value.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)), return_type=str, when_used="json"
    ),
]
Gap = Annotated[Decimal, PlainSerializer(lambda value: f"{value:.2f}", return_type=str, when_used="json")]
"""Euros that may be negative: more money than cost."""


class Shown(BaseModel):
    """An answer, read from rows."""

    model_config = ConfigDict(from_attributes=True)


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
    fallback_line_id: Id | None
    filed_on: Day | None
    decided_on: Day | None
    notified_on: Day | None
    paid_on: Day | None
    decision_ref: str
    attempt: int
    retry_of: Id | None


class MilestoneShown(Shown):
    """One dated step."""

    id: Id
    label: str
    due: Day | None
    done_on: Day | None
    status: MilestoneStatus
    responsible: Id | None


class IndicatorShown(Shown):
    """One indicator."""

    id: Id
    code: str
    label: str
    unit: str
    baseline: Decimal | None
    target: Decimal | None
    actual: Decimal | None
    not_measurable: bool
    not_measurable_reason: str


class DecisionShown(Shown):
    """One decision."""

    id: Id
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
