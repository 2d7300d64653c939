"""The territory file: members as data, past and present, read once at start."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from shared.errors import Invalid, NotFound
from shared.fields import Code, Colour, Line, Siren, Url
from shared.mistakes import listed


class Member(BaseModel):
    """One EPCI of the territory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    siren: Siren
    name: Line
    colour: Colour
    base_url: Url
    joined_on: date
    left_on: date | None = None

    @property
    def initials(self) -> str:
        """What fits in a chip."""
        return self.code

    def is_active(self, on: date) -> bool:
        """Tell whether this EPCI belongs to the territory on a day."""
        return self.joined_on <= on and (self.left_on is None or on < self.left_on)


class Territory(BaseModel):
    """A Territoire d’industrie and its members, in the order of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    name: Line
    demo: bool = False
    note: Line = ""
    members: tuple[Member, ...]

    @model_validator(mode="after")
    def _distinct(self) -> "Territory":
        for field in ("siren", "code"):
            values = [getattr(member, field) for member in self.members]
            if len(set(values)) != len(values):
                raise ValueError(f"le fichier du territoire cite deux fois le même {field}")
        return self

    def __iter__(self) -> Iterator[Member]:  # type: ignore[override]
        return iter(self.members)

    def member(self, siren: str) -> Member:
        """Return the member with this SIREN.

        Raises:
            NotFound: no such member, past or present.
        """
        found = self.find(siren)
        if found is None:
            raise NotFound("Cet EPCI n’appartient pas au territoire.", siren=siren)
        return found

    def find(self, siren: str) -> Member | None:
        """Return the member with this SIREN, if any."""
        return next((member for member in self.members if member.siren == siren), None)

    @property
    def sirens(self) -> tuple[str, ...]:
        """SIREN of every member, past ones included: their history stays readable."""
        return tuple(member.siren for member in self.members)


def read_territory(file: Path) -> Territory:
    """Return the territory that ``file`` describes.

    Raises:
        Invalid: the file is missing, is not YAML, or breaks a rule; the sentence says which.
    """
    try:
        return Territory.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except OSError as refused:
        raise Invalid(f"Le fichier du territoire est introuvable : {file}.") from refused
    except (yaml.YAMLError, UnicodeDecodeError) as refused:
        raise Invalid(f"Le fichier du territoire {file} n’est pas du YAML.") from refused
    except ValidationError as refused:
        raise Invalid(f"Le fichier du territoire {file} est à corriger : {listed(refused.errors())}.") from refused
