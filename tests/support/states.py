"""States of every contract, drawn at random from the types of their fields."""

import enum
import string
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from annotated_types import Ge, Le
from hypothesis import strategies as st
from pydantic import AwareDatetime
from pydantic.fields import FieldInfo
from stdnum import luhn

from shared.contracts.base import Part
from shared.fields import FIRST_YEAR, LAST_YEAR

_WORDS = st.text(alphabet=string.ascii_letters + "éèçà’ ", min_size=1, max_size=20)
_EIGHT = st.text(alphabet=string.digits, min_size=8, max_size=8)
_SIREN = _EIGHT.map(lambda digits: digits + luhn.calc_check_digit(digits))
_SIRET = _EIGHT.map(lambda digits: "73282932" + "0" + digits[:4]).map(lambda one: one + luhn.calc_check_digit(one))
_EMAIL = st.text(alphabet=string.ascii_lowercase, min_size=1, max_size=12).map(lambda name: f"{name}@exemple.fr")
_BY_VALIDATOR = {"_siren": _SIREN, "_siret": _SIRET, "canonical_email": _EMAIL}
_PLAIN: dict[object, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    UUID: st.uuids(version=4),
    date: st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)),
    AwareDatetime: st.datetimes(
        datetime(FIRST_YEAR, 1, 1),  # noqa: DTZ001 - zone given aside
        datetime(LAST_YEAR, 12, 31),  # noqa: DTZ001 - zone given aside
        timezones=st.just(UTC),
    ),
    type(None): st.none(),
}


def parts(part: type[Part]) -> st.SearchStrategy[Part]:
    """Return a strategy of valid instances of a contract, or of a piece of one, all fields given."""
    fields = {name: _values(field.annotation, field.metadata) for name, field in part.model_fields.items()}
    return st.builds(part, **fields)


def _values(annotation: Any, metadata: Iterable[Any]) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any annotation
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        return _values(inner, [*metadata, *_flat(marks)])
    if origin in {Union, UnionType}:
        return st.one_of(*(_values(one, metadata) for one in get_args(annotation)))
    if origin is tuple:
        return st.lists(_values(get_args(annotation)[0], ()), min_size=1, max_size=2).map(tuple)
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    return _plain(annotation, metadata)


def _plain(annotation: Any, metadata: Iterable[Any]) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any annotation
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if issubclass(annotation, Part):
        return parts(annotation)
    if issubclass(annotation, enum.Enum):
        return st.sampled_from(annotation)
    if annotation is int:
        return st.integers(*_bounds(metadata, most=1000))
    if annotation is Decimal:
        return st.decimals(*_bounds(metadata, most=10**9), places=2)
    if annotation is float:
        return st.floats(*_bounds(metadata, most=10**9), allow_nan=False)
    assert annotation is str, f"no strategy for {annotation}"
    return _text(metadata)


def _bounds(metadata: Iterable[Any], *, most: int) -> tuple[int, int]:
    """Return the least and the most that are allowed, within what is worth drawing."""
    flat = list(metadata)
    low = next((int(str(one.ge)) for one in flat if isinstance(one, Ge)), 0)
    return low, min(next((int(Decimal(str(one.le))) for one in flat if isinstance(one, Le)), most), 10**9)


def _text(metadata: Iterable[Any]) -> st.SearchStrategy[str]:
    for one in metadata:
        name = getattr(getattr(one, "func", None), "__name__", "")
        if name in _BY_VALIDATOR:
            return _BY_VALIDATOR[name]
        pattern = getattr(one, "pattern", None)
        if isinstance(pattern, str):
            return st.from_regex(pattern, fullmatch=True, alphabet=string.printable[:94])
    return _WORDS


def _flat(marks: Iterable[Any]) -> list[Any]:
    """Return the constraints that pydantic keeps inside its own objects beside the others."""
    flat: list[Any] = []
    for mark in marks:
        flat += mark.metadata if isinstance(mark, FieldInfo) else [mark]
    return flat
