"""Views that people keep, and the curve of money."""

from typing import Annotated
from urllib.parse import parse_qs, urlencode

from pydantic import BaseModel, Field, field_validator

from services.projects.schemas.parts import Gap, Shown
from services.projects.schemas.requests import Request
from services.projects.schemas.wanted import Listed
from shared.fields import Day, Id, Length, ShortLine


class ViewIn(Request):
    """A list to look at again: the part of its address behind the question mark, e.g. ``stage=delivery&sort=end``."""

    name: Annotated[ShortLine, Field(min_length=1)]
    query: Annotated[str, Length(most=2_000)] = ""
    shared: bool = False

    @field_validator("query")
    @classmethod
    def _asks_for_projects(cls, value: str) -> str:
        asked = parse_qs(value, max_num_fields=100)
        listed = {name: values if name in _LISTS else values[-1] for name, values in asked.items()}
        Listed.model_validate(listed)
        return urlencode(asked, doseq=True)


_LISTS = frozenset(name for name, field in Listed.model_fields.items() if field.default == ())


class ViewShown(Shown):
    """A view; ``own`` ones are those that whoever asks has kept."""

    id: Id
    own: bool
    name: str
    query: str
    shared: bool


class MonthShown(BaseModel):
    """Euros of all projects of this EPCI at the end of a month, over all attempts."""

    month_end: Day
    projects: int
    requested: Gap
    granted: Gap
    paid: Gap
