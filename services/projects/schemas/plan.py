"""What callers may send about the parts of a fiche: funding lines, milestones, indicators; and imports."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from services.projects.rules.words import Body, FundingStep, MilestoneStatus, Outcome
from services.projects.schemas.requests import ExternalIdIn, ProjectIn, Quantity, Reason, Request, SourceIn
from shared.contracts.projects import FunderType, FundingNature, FundingStatus, Stage
from shared.fields import Code, Day, Id, Line, Money, Paragraph, Rate, ShortLine, Siren


class FundingPatch(Request):
    """What may be written of a line at any time; amounts asked, granted and paid follow its steps."""

    funder: FunderType = FunderType.OTHER
    funder_siren: Siren | None = None
    funder_name: Line = ""
    scheme: Line = ""
    nature: FundingNature = FundingNature.GRANT
    basis_ht: Money | None = None
    rate: Rate | None = None
    amount_planned: Money | None = None
    grant_equivalent: Money | None = None
    match_ratio: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2, allow_inf_nan=False)] | None = None
    fallback_line_id: Id | None = None
    notified_on: Day | None = None


class FundingIn(FundingPatch):
    """A new line, planned."""

    amount_planned: Money


class FundingStepIn(Request):
    """A step of a line: how much, when, under which reference, why."""

    step: FundingStep
    amount: Money | None = None
    on: Day | None = None
    reference: ShortLine = ""
    reason: Reason = ""


class ImportedLineIn(FundingPatch):
    """A line as its source tells it, at any status."""

    status: FundingStatus = FundingStatus.PLANNED
    amount_requested: Money | None = None
    amount_granted: Money | None = None
    amount_paid: Money | None = None
    filed_on: Day | None = None
    decided_on: Day | None = None
    decision_ref: ShortLine = ""

    @model_validator(mode="after")
    def _ordered(self) -> "ImportedLineIn":
        if (self.amount_paid or 0) > (self.amount_granted or 0):
            raise ValueError("Le montant versé dépasse le montant accordé.")
        return self


class ImportIn(ProjectIn):
    """A project as its source tells it, at any stage."""

    external_ids: Annotated[tuple[ExternalIdIn, ...], Field(min_length=1, max_length=20)]
    source: SourceIn
    stage: Stage = Stage.IDEA
    stage_entered_on: Day | None = None
    late_reported: bool = False
    funding: Annotated[tuple[ImportedLineIn, ...], Field(max_length=60)] = ()


class MilestoneIn(Request):
    """A dated step."""

    label: Annotated[Line, Field(min_length=1, max_length=200)]
    due: Day | None = None
    done_on: Day | None = None
    status: MilestoneStatus = MilestoneStatus.PLANNED
    responsible: Id | None = None


class MilestonePatch(MilestoneIn):
    """Changes of a step."""

    label: Annotated[Line, Field(min_length=1, max_length=200)] = "?"


class IndicatorIn(Request):
    """What a project aims at."""

    code: Code
    label: Annotated[Line, Field(min_length=1)]
    unit: ShortLine = ""
    baseline: Quantity | None = None
    target: Quantity | None = None
    actual: Quantity | None = None
    not_measurable: bool = False
    not_measurable_reason: Reason = ""


class IndicatorPatch(IndicatorIn):
    """Changes of an indicator."""

    code: Code = "other"
    label: Annotated[Line, Field(min_length=1)] = "?"


class DecisionPatch(Request):
    """Corrections of a decision."""

    outcome: Outcome = Outcome.ADJOURNED
    body: Body = Body.LOCAL_COMMITTEE
    decided_on: Day | None = None
    reference: ShortLine = ""
    conditions: Paragraph = ""
    accepted_gap_eur: Money | None = None

    @model_validator(mode="after")
    def _dated(self) -> "DecisionPatch":
        if "decided_on" in self.model_fields_set and self.decided_on is None:
            raise ValueError("Une décision porte une date.")
        return self
