"""No field goes further than its mark, at any depth; one without a mark goes nowhere."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.clock import now
from shared.contracts import CATALOGUE
from shared.contracts.base import Part, State, Visibility, marks
from shared.fields import Line
from shared.ids import uuid7
from tests.support.states import parts

RANK = {Visibility.PRIVATE: 0, Visibility.TERRITORY: 1, Visibility.PUBLIC: 2}


class Inner(Part):
    """A piece with one field of each mark."""

    unmarked: Line = "canary"
    private: Annotated[Line, Visibility.PRIVATE] = "canary"
    territory: Annotated[Line, Visibility.TERRITORY] = "canary"
    public: Annotated[Line, Visibility.PUBLIC] = "seen"


class Outer(State):
    """A state with pieces, alone and in a list, behind each mark."""

    aggregate: ClassVar[str] = "outer"
    service: ClassVar[str] = "projects"
    facts: ClassVar[frozenset[str]] = frozenset({"told"})
    scopes: ClassVar[tuple[Visibility, ...]] = (Visibility.PUBLIC,)

    unmarked: Line = "canary"
    hidden: Inner = Inner()
    private: Annotated[tuple[Inner, ...], Visibility.PRIVATE] = (Inner(),)
    one: Annotated[Inner | None, Visibility.PUBLIC] = Inner()
    several: Annotated[tuple[Inner, ...], Visibility.PUBLIC] = (Inner(), Inner())


def too_far(value: Any, part: type[Part], *, scope: Visibility, at: str = "") -> Iterator[str]:  # noqa: ANN401 - a JSON value
    """Return the fields of a published value that its topic must not carry."""
    allowed = marks(part)
    for name, inside in value.items():
        mark = allowed.get(name)
        if mark is None or RANK[mark] < RANK[scope]:
            yield f"{at}{name}"
        for piece in pieces(part.model_fields[name].annotation):
            for one in inside if isinstance(inside, list) else [inside]:
                if isinstance(one, dict):
                    yield from too_far(one, piece, scope=scope, at=f"{at}{name}.")


def pieces(annotation: Any) -> Iterator[type[Part]]:  # noqa: ANN401 - any annotation
    """Return the pieces that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in get_args(annotation):
        yield from pieces(inner)


@pytest.mark.parametrize("aggregate", sorted(CATALOGUE))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_invariant_10_no_field_goes_further_than_its_mark(aggregate: str, data: st.DataObject) -> None:
    state = data.draw(parts(CATALOGUE[aggregate]))
    assert isinstance(state, State)

    for scope in Visibility:
        value = state.at(scope)
        assert list(too_far(value, type(state), scope=scope)) == []
        assert set(value["changed"]) <= set(value)


@pytest.mark.parametrize("aggregate", sorted(CATALOGUE))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_published_state_is_read_as_it_was(aggregate: str, data: st.DataObject) -> None:
    state_type = CATALOGUE[aggregate]
    state = data.draw(parts(state_type))
    assert isinstance(state, State)

    for scope in state_type.scopes:
        value = state.at(scope)
        assert State.at(state_type.model_validate(value), scope) == value


def test_a_field_without_a_mark_never_leaves_at_any_depth() -> None:
    value = Outer(id=uuid7(), home_epci="200010700", version=1, updated_at=now()).at(Visibility.PUBLIC)

    assert "canary" not in str(value)
    assert (value["one"], value["several"]) == ({"public": "seen"}, [{"public": "seen"}] * 2)
    assert not {"unmarked", "hidden", "private"} & value.keys()


def test_the_check_above_would_see_a_leak() -> None:
    leaked = {"unmarked": "x", "several": [{"private": "x", "public": "x"}], "one": None}

    assert list(too_far(leaked, Outer, scope=Visibility.PUBLIC)) == ["unmarked", "several.private"]
