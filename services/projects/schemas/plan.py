"""What callers may send about the parts of a fiche: funding lines, milestones, indicators; and imports."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from services.projects.rules.indicators import INDICATORS, is_derived
from services.projects.rules.words import Body, FundingStep, MilestoneStatus, Outcome
from services.projects.schemas.requests import ExternalIdIn, ProjectIn, Reason, Request, SourceIn
from shared.contracts.projects import FunderType, FundingNature, FundingStatus, Quality, Stage
from shared.fields import Code, Count, Day, Id, Line, Money, Paragraph, Quantity, Rate, ShortLine, Siren


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
    matched_line_ids: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    fallback_line_id: Id | None = None
    notified_on: Day | None = None
    target: Money | None = None
    collected: Money | None = None
    contributors: Count | None = None

    @model_validator(mode="after")
    def _of_a_crowd(self) -> "FundingPatch":
        told = any(one is not None for one in (self.target, self.collected, self.contributors))
        if told and "nature" in self.model_fields_set and self.nature is not FundingNature.CROWDFUNDING:
            raise ValueError("Objectif, collecte et contributeurs décrivent un financement participatif.")
        return self


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


class MeasuredIn(Request):
    """One value of an indicator: how much, when, who says so."""

    value: Quantity
    on: Day | None = None
    source: Line = ""
    quality: Quality = Quality.DECLARED


class IndicatorPatch(Request):
    """What may be written of an indicator at any time; its code stays what it is."""

    label: Line = ""
    unit: ShortLine = ""
    baseline: MeasuredIn | None = None
    target: MeasuredIn | None = None
    actual: MeasuredIn | None = None
    not_measurable: bool = False
    not_measurable_reason: Reason = ""
    comment: Paragraph = ""


class IndicatorIn(IndicatorPatch):
    """What a project aims at: a common code, whose name and unit are known, or one’s own, which is named."""

    code: Code

    @model_validator(mode="after")
    def _known_or_named(self) -> "IndicatorIn":
        if is_derived(self.code):
            raise ValueError("Cet indicateur est calculé d’après le plan de financement\u00a0; il ne se saisit pas.")
        if self.code not in INDICATORS and not self.label:
            raise ValueError("Nommez cet indicateur, qui n’est pas dans la liste commune.")
        return self


class ImportIn(ProjectIn):
    """A project as its source tells it, at any stage."""

    external_ids: Annotated[tuple[ExternalIdIn, ...], Field(min_length=1, max_length=20)]
    source: SourceIn
    stage: Stage = Stage.IDEA
    stage_entered_on: Day | None = None
    late_reported: bool = False
    funding: Annotated[tuple[ImportedLineIn, ...], Field(max_length=60)] = ()
    indicators: Annotated[tuple[IndicatorIn, ...], Field(max_length=40)] = ()

    @model_validator(mode="after")
    def _counted_once(self) -> "ImportIn":
        common = [one.code for one in self.indicators if one.code in INDICATORS]
        if len(set(common)) < len(common):
            raise ValueError("Un indicateur commun ne figure qu’une fois dans une fiche.")
        return self


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
