"""Requests as columns: lists of pieces become JSON, quantities decimal text, because SQLite has no decimals."""

from typing import Any

from pydantic import BaseModel

from services.projects.models import Indicator
from services.projects.rules.indicators import INDICATORS
from services.projects.schemas.plan import FundingPatch, IndicatorIn


def as_column(value: object) -> Any:  # noqa: ANN401 - whatever a column holds
    """Return a value of a request as its column holds it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple):
        return [as_column(one) for one in value]
    return value


def columns_of(wanted: BaseModel, *, sent_only: bool = False) -> dict[str, Any]:
    """Return a request as columns, all of them or those that were sent."""
    names = wanted.model_fields_set if sent_only else set(type(wanted).model_fields)
    return {name: as_column(getattr(wanted, name)) for name in names}


def line_columns(wanted: FundingPatch, *, sent_only: bool = False) -> dict[str, Any]:
    """Return a funding line as columns."""
    names = wanted.model_fields_set if sent_only else set(type(wanted).model_fields)
    columns: dict[str, Any] = {name: getattr(wanted, name) for name in names}
    for name in {"rate", "match_ratio"} & names:
        columns[name] = None if columns[name] is None else str(columns[name])
    if "matched_line_ids" in names:
        columns["matched_line_ids"] = [str(one) for one in wanted.matched_line_ids]
    return columns


def new_indicator(wanted: IndicatorIn) -> Indicator:
    """Return an indicator as a row."""
    return named(Indicator(**wanted.model_dump(mode="json")))


def named(indicator: Indicator) -> Indicator:
    """Give a common indicator its common name and unit."""
    common = INDICATORS.get(indicator.code)
    if common:
        indicator.label, indicator.unit = common.label, common.unit
    return indicator
