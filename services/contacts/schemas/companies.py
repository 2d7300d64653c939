"""Shapes of companies and establishments."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, computed_field, model_validator

from services.contacts.models import Company, Establishment
from services.contacts.rules.decisions import belongs_to, is_naf
from services.contacts.rules.words import CompanyState, NafVersion, WorkforceBand
from services.contacts.schemas.base import Asked, Change, Listed, Sentence, refuse_null
from shared.fields import Code, Day, Line, Siren, Siret
from shared.territory.communes import KnownCommune, commune_name, communes


def _naf(value: str) -> str:
    if not is_naf(value):
        raise ValueError("Un code NAF s’écrit avec un point et une lettre, comme 25.62B.")
    return value


Naf = Annotated[Code, AfterValidator(_naf)]
Year = Annotated[int, Field(ge=1900, le=2200)]


class NewCompany(Asked):
    """A company as a register tells it; ``source`` and ``known_on`` hold for each value given."""

    siren: Siren
    name: Sentence
    legal_form: Code | None = None
    is_natural_person: bool = False
    naf: Naf | None = None
    naf_version: NafVersion | None = None
    workforce_band: WorkforceBand | None = None
    workforce_year: Year | None = None
    created_on: Day | None = None
    state: CompanyState = CompanyState.ACTIVE
    source: Sentence
    known_on: Day
    demo: bool = False

    @model_validator(mode="after")
    def _naf_has_version(self) -> Self:
        if (self.naf is None) != (self.naf_version is None):
            raise ValueError("Un code NAF va avec sa version, « rev2 » ou « 2025 ».")
        return self


class CompanyChange(Change):
    """New values of the register, with their source and date; an activity code comes with its version."""

    name: Sentence | None = None
    legal_form: Code | None = None
    is_natural_person: bool | None = None
    naf: Naf | None = None
    naf_version: NafVersion | None = None
    workforce_band: WorkforceBand | None = None
    workforce_year: Year | None = None
    created_on: Day | None = None
    state: CompanyState | None = None
    source: Sentence
    known_on: Day

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse_null(self, "name", "is_natural_person", "state")
        if ("naf" in self.model_fields_set) != ("naf_version" in self.model_fields_set) or (
            (self.naf is None) != (self.naf_version is None)
        ):
            raise ValueError("Un code NAF va avec sa version, « rev2 » ou « 2025 ».")
        return self


class NewEstablishment(Asked):
    """A place of a company, in a commune of the reference table."""

    siret: Siret
    commune_insee: KnownCommune
    address: Line = ""
    is_head_office: bool = False
    opened_on: Day | None = None
    closed_on: Day | None = None
    source: Sentence
    known_on: Day

    def of(self, siren: str) -> bool:
        """Tell whether the number is one of this company’s."""
        return belongs_to(self.siret, siren)


class EstablishmentView(BaseModel, from_attributes=True):
    """An establishment, its commune named and its EPCI derived."""

    id: UUID
    siret: str
    commune_insee: str
    address: str
    is_head_office: bool
    opened_on: date | None
    closed_on: date | None
    source: str
    known_on: date

    @computed_field  # type: ignore[prop-decorator]
    @property
    def commune(self) -> str:
        """Name of the commune."""
        return commune_name(self.commune_insee)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def epci(self) -> str | None:
        """SIREN of the EPCI of the commune."""
        found = communes().get(self.commune_insee)
        return found.epci if found else None


class CompanyView(Listed):
    """A company; ``provenance`` gives source and date of each value of the register."""

    siren: str
    version: int
    name: str
    legal_form: str | None
    is_natural_person: bool
    naf: str | None
    naf_version: NafVersion | None
    workforce_band: WorkforceBand | None
    workforce_year: int | None
    created_on: date | None
    state: CompanyState
    provenance: dict[str, Any]
    demo: bool
    updated_at: datetime


class CompanySheet(CompanyView):
    """A company with its establishments, the head office first."""

    establishments: tuple[EstablishmentView, ...]


def sheet_of(company: Company, establishments: Sequence[Establishment]) -> CompanySheet:
    """Return the sheet of a company."""
    places = tuple(EstablishmentView.model_validate(place) for place in establishments)
    return CompanySheet(**CompanyView.model_validate(company).model_dump(), establishments=places)
