"""What a message is made of: a full state, its fields marked with how far they may travel."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from shared.fields import Code, Id, Instant, Siren, Version


class Visibility(StrEnum):
    """How far an aggregate, a topic or a field goes; each value includes those before it."""

    PRIVATE = "private"
    TERRITORY = "territory"
    PUBLIC = "public"

    def reaches(self, other: "Visibility") -> bool:
        """Tell whether something of this visibility may appear where ``other`` is read."""
        return _RANK[self] >= _RANK[other]


_RANK = {Visibility.PRIVATE: 0, Visibility.TERRITORY: 1, Visibility.PUBLIC: 2}

E = TypeVar("E", bound=StrEnum)


def _or_other(value: object, check: ValidatorFunctionWrapHandler) -> object:
    try:
        return check(value)
    except ValidationError:
        if isinstance(value, str) and len(value) <= 60:
            return "other"
        raise


Open = Annotated[E | Literal["other"], WrapValidator(_or_other)]
"""A closed list when written, open when read: a value of a newer sender is read as ``other``."""


class Part(BaseModel):
    """A piece of a state; its fields carry marks too."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    def redacted(self, visibility: Visibility) -> dict[str, Any]:
        """Return what may be read at ``visibility``, as JSON values; a field without a mark never leaves."""
        dumped = self.model_dump(mode="json")
        kept: dict[str, Any] = {}
        for name, field in type(self).model_fields.items():
            mark = next((m for m in field.metadata if isinstance(m, Visibility)), None)
            if mark is not None and mark.reaches(visibility):
                kept[name] = _redact(getattr(self, name), dumped[name], visibility)
        return kept


def _redact(value: object, dumped: Any, visibility: Visibility) -> Any:  # noqa: ANN401 - JSON values have no tighter type
    if isinstance(value, Part):
        return value.redacted(visibility)
    if isinstance(value, tuple | list):
        return [_redact(item, shape, visibility) for item, shape in zip(value, dumped, strict=True)]
    return dumped


class State(Part):
    """The full published state of one aggregate; one record on a topic."""

    aggregate: ClassVar[str]
    service: ClassVar[str]
    major: ClassVar[int] = 1
    facts: ClassVar[frozenset[str]]
    last_facts: ClassVar[frozenset[str]] = frozenset()
    scopes: ClassVar[tuple[Visibility, ...]]
    # A version may not jump further than this over the one a reader holds: nobody may freeze an aggregate.
    max_jump: ClassVar[int] = 10_000

    id: Annotated[Id, Visibility.PUBLIC]
    home_epci: Annotated[Siren, Visibility.PUBLIC]
    version: Annotated[Version, Visibility.PUBLIC]
    updated_at: Annotated[Instant, Visibility.PUBLIC]
    changed: Annotated[tuple[Code, ...], Visibility.PUBLIC] = ()

    def at(self, visibility: Visibility) -> dict[str, Any]:
        """Return the record’s value for a topic of ``visibility``; ``changed`` names only what is left in it."""
        value = self.redacted(visibility)
        value["changed"] = [name for name in self.changed if name in value]
        return value


def marks(state: type[Part]) -> Mapping[str, Visibility | None]:
    """Return the mark of each field; ``None`` means that it never leaves."""
    return {
        name: next((m for m in field.metadata if isinstance(m, Visibility)), None)
        for name, field in state.model_fields.items()
    }
