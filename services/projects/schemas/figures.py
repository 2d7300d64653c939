"""The figures of a territory, as they are answered: euros as text, rates 0 to 1, none where nothing divides."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, Field, PlainSerializer

from services.projects.rules.indicators import INDICATORS
from services.projects.rules.portfolio import Inside, Portfolio, Sums
from services.projects.schemas.parts import Gap, Ratio, Shown
from shared.contracts.projects import Stage

Added = Annotated[Decimal, PlainSerializer(lambda value: f"{value.normalize():f}", return_type=str, when_used="json")]
"""A sum of what many wrote: it may be more than any of them may write; without zeros that say nothing."""


class SumsShown(Shown):
    """Euros over all attempts; rates are those of the demands that were decided on."""

    requested: Gap
    granted: Gap
    paid: Gap
    success_rate: Ratio | None
    success_rate_by_number: Ratio | None
    payment_rate: Ratio | None


class SumsOf(SumsShown):
    """The same of one funder, scheme, EPCI, axis or year of decision; an empty name is of what has none."""

    of: str

    @classmethod
    def named(cls, name: str, sums: Sums) -> Self:
        """Return the sums of one name."""
        plain = {field: getattr(sums, field) for field in SumsShown.model_fields}
        return cls.model_validate(plain | {"of": name})


class PipelineCell(BaseModel):
    """How many projects of one EPCI and one axis are in one stage; an empty axis is of those that have none yet."""

    stage: str
    epci: str
    axis: str
    count: int


class AimedShown(BaseModel):
    """One common indicator; ``added`` is false where values of several projects cannot be added up."""

    code: str
    label: str
    unit: str
    added: bool
    filled: Annotated[int, Field(description="projects that say something of it")]
    of: Annotated[int, Field(description="projects that could")]
    potential: Added
    committed: Added
    delivered: Added
    actual: Added
    reported: int


class StageTime(BaseModel):
    """How long projects stay in a stage."""

    stage: str
    median_days: int
    stays: int


class Withdrawals(BaseModel):
    """What became of projects that did not go on."""

    left_idea: int
    abandoned: int
    rejected: int
    rate: Ratio | None


class InsideShown(Shown):
    """What only this EPCI knows of its own projects: given up by reason, without news, invitations that wait."""

    abandoned: dict[str, int]
    stale: int
    answers_awaited: int
    answers_owed: int


class PortfolioShown(BaseModel):
    """The figures of the projects asked for; each counts once, at its own EPCI."""

    count: int
    total_cost_ht: Gap
    costed: Annotated[int, Field(description="projects whose cost is known")]
    pipeline: list[PipelineCell]
    health: dict[str, int]
    kind: dict[str, int]
    funding: SumsShown
    by_funder: list[SumsOf]
    by_scheme: list[SumsOf]
    by_epci: list[SumsOf]
    by_axis: list[SumsOf]
    by_year: list[SumsOf]
    indicators: list[AimedShown]
    time_in_stage: list[StageTime]
    withdrawals: Withdrawals
    milestones_due_in_60_days: int
    inside: InsideShown | None

    @classmethod
    def of(cls, found: Portfolio, inside: Inside | None) -> Self:
        """Return the figures, each list in an order that does not depend on the database."""
        by = {
            f"by_{name}": [SumsOf.named(of, sums) for of, sums in sorted(sums_by.items())]
            for name, sums_by in found.money_by.items()
        }
        return cls(
            count=found.count,
            total_cost_ht=found.cost,
            costed=found.costed,
            pipeline=_pipeline(found),
            health=dict(sorted(found.healths.items())),
            kind=dict(sorted(found.kinds.items())),
            funding=SumsShown.model_validate(found.money),
            indicators=_indicators(found),
            time_in_stage=[
                StageTime(stage=stage, median_days=days, stays=stays)
                for stage, (days, stays) in sorted(found.days_in_stage.items(), key=lambda one: _rank(one[0]))
            ],
            withdrawals=Withdrawals(
                left_idea=found.left_idea,
                abandoned=found.abandoned,
                rejected=found.rejected,
                rate=found.withdrawal_rate,
            ),
            milestones_due_in_60_days=found.milestones_due,
            inside=InsideShown.model_validate(inside) if inside else None,
            **by,
        )


def _pipeline(found: Portfolio) -> list[PipelineCell]:
    cells = sorted(found.pipeline.items(), key=lambda one: (_rank(one[0][0]), *one[0][1:]))
    return [PipelineCell(stage=stage, epci=epci, axis=axis, count=count) for (stage, epci, axis), count in cells]


def _indicators(found: Portfolio) -> list[AimedShown]:
    alive = found.count - found.abandoned - found.rejected
    return [
        AimedShown(
            code=one.code,
            label=one.label,
            unit=one.unit,
            added=one.is_added,
            of=alive,
            **vars(found.indicators[one.code]),
        )
        for one in INDICATORS.values()
        if one.code in found.indicators
    ]


def _rank(stage: str) -> int:
    order = [one.value for one in Stage]
    return order.index(stage) if stage in order else len(order)
