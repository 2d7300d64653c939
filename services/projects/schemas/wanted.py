"""Which projects a list, a total or an export is about, and in which order they come."""

import base64
import binascii
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from shared.contracts.projects import Axis, FunderType, Health, Kind, Priority, Stage
from shared.errors import Invalid
from shared.fields import Code, Cursor, Day, Id, Insee, Instant, Length, Siren, clean_line
from shared.http.paging import MOST
from shared.ids import TerritoryKey
from shared.stems import stems

Sought = Annotated[str, Length(most=200)]
_LIST = Field(max_length=50)


class Sort(StrEnum):
    """The order of a list."""

    NEWEST = "newest"
    UPDATED = "updated"
    TITLE = "title"
    STAGE = "stage"
    COST = "cost"
    GRANTED = "granted"
    END = "end"
    RELEVANCE = "relevance"


class Wanted(BaseModel):
    """Which projects a list is about: any value of a field, every field; what is not said takes all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: Sought = ""
    stage: Annotated[tuple[Stage, ...], _LIST] = ()
    axis: Annotated[tuple[Axis, ...], _LIST] = ()
    kind: Annotated[tuple[Kind, ...], _LIST] = ()
    health: Annotated[tuple[Health, ...], _LIST] = ()
    epci: Annotated[tuple[Siren, ...], _LIST] = ()
    concerns: Annotated[tuple[Siren, ...], _LIST] = ()
    commune: Annotated[tuple[Insee, ...], _LIST] = ()
    filiere: Annotated[tuple[Code, ...], _LIST] = ()
    funder: Annotated[tuple[FunderType, ...], _LIST] = ()
    programme: Annotated[tuple[Id, ...], _LIST] = ()
    measure: Annotated[tuple[Code, ...], _LIST] = ()
    priority: Annotated[tuple[Priority, ...], _LIST] = ()

    @property
    def stems(self) -> list[str]:
        """The words looked for, by their stems."""
        return stems(self.q)

    @property
    def marks(self) -> Mapping[str, tuple[object, ...]]:
        """What is looked for among the facets of a project, by the name of the facet."""
        return {
            "epci": self.concerns,
            "commune": self.commune,
            "filiere": self.filiere,
            "funder": self.funder,
            "programme": self.programme,
            "measure": self.measure,
            "priority": self.priority,
        }

    @property
    def asks_inside(self) -> bool:
        """Whether it is asked for what the bare card of a confidential project does not say."""
        return bool(self.stems or self.kind or self.health or any(self.marks.values()))


class Listed(Wanted):
    """A list in an order; with words to look for and no order the best hits come first, else the newest projects."""

    sort: Sort | None = None
    descending: bool | None = None

    @property
    def order(self) -> Sort:
        """The order to use; nothing fits better than something else where no words are looked for."""
        if self.sort in {None, Sort.RELEVANCE}:
            return Sort.RELEVANCE if self.stems else Sort.NEWEST
        return self.sort or Sort.NEWEST

    @property
    def is_descending(self) -> bool:
        """Whether it descends: by default what is new, dear or fitting comes first."""
        return self.order not in {Sort.TITLE, Sort.END, Sort.STAGE} if self.descending is None else self.descending


class Asked(Listed):
    """A page of a list."""

    after: Annotated[str, Length(most=400)] | None = None
    limit: int = Field(default=50, ge=1, le=MOST)


SortValue = str | int | Decimal | date | datetime


class Behind(BaseModel):
    """The row behind which a list goes on: its key, and by what it was sorted."""

    key: TerritoryKey
    value: str

    def __str__(self) -> str:
        """Write it for an address."""
        return f"{self.key}.{base64.urlsafe_b64encode(self.value.encode()).decode().rstrip('=')}"

    @classmethod
    def read(cls, text: str) -> "Behind":
        """Read what was written for an address.

        Raises:
            Invalid: it is no such text.
        """
        key, _, value = text.rpartition(".")
        try:
            padded = value + "=" * (-len(value) % 4)
            plain = base64.urlsafe_b64decode(padded).decode()
            return cls(key=TerritoryKey.read(_KEY.validate_python(key)), value=plain)
        except (ValueError, binascii.Error) as refused:
            raise _lost() from refused

    def by(self, order: Sort) -> SortValue:
        """Return the value as its column holds it.

        Raises:
            Invalid: it was sorted by something else.
        """
        try:
            return _READ[order].validate_python(self.value)
        except ValueError as refused:
            raise _lost() from refused


def _lost() -> Invalid:
    return Invalid.field("after", "Cette suite de liste n’existe pas\u00a0: reprenez au début.")


def written(value: SortValue) -> str:
    """Return what a row was sorted by, as text."""
    return value.isoformat() if isinstance(value, date) else str(value)


_KEY: TypeAdapter[str] = TypeAdapter(Cursor)
_RANK: TypeAdapter[SortValue] = TypeAdapter(Annotated[int, Field(ge=0, le=100)])
_SUM: TypeAdapter[SortValue] = TypeAdapter(Annotated[Decimal, Field(ge=-1, max_digits=20, decimal_places=2)])
_WORDS: TypeAdapter[SortValue] = TypeAdapter(Annotated[str, Length(most=200), AfterValidator(clean_line)])
_READ: Mapping[Sort, TypeAdapter[SortValue]] = {
    Sort.NEWEST: _WORDS,
    Sort.UPDATED: TypeAdapter(Instant),
    Sort.TITLE: _WORDS,
    Sort.STAGE: _RANK,
    Sort.COST: _SUM,
    Sort.GRANTED: _SUM,
    Sort.END: TypeAdapter(Day),
    Sort.RELEVANCE: _RANK,
}
"""What a cursor may say, by the order of its list: addresses are written by anybody."""
