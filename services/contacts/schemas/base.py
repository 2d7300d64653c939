"""What the shapes of contacts have in common."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict

from shared.fields import Line, ShortLine


def _not_blank(value: str) -> str:
    if not value:
        raise ValueError("Ce champ ne peut pas rester vide.")
    return value


Name = Annotated[ShortLine, AfterValidator(_not_blank)]
Sentence = Annotated[Line, AfterValidator(_not_blank)]


class Asked(BaseModel):
    """A request; a field that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Change(Asked):
    """A partial change: fields left out stay, ``null`` empties those that may be empty."""

    def given(self) -> dict[str, object]:
        """Return the fields that the request holds, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def refuse_null(change: Change, *names: str) -> None:
    """Refuse a change that empties a field which must be filled.

    Raises:
        ValueError: names the first such field.
    """
    for name in names:
        if name in change.model_fields_set and getattr(change, name) is None:
            raise ValueError(f"Le champ « {name} » ne peut pas être vidé.")


class Listed(BaseModel, from_attributes=True):
    """One line of a list; ``id`` is its cursor."""

    id: UUID


class Made(Listed):
    """What was made. Nothing more: this answer is kept under its Idempotency-Key, where no name should lie."""

    version: int = 1
