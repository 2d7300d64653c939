"""Reading a record never fails otherwise than by refusing it: what else rose would stop its partition for ever."""

import json
from datetime import timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clock import now
from shared.messaging.envelope import RawRecord, Refused, read
from tests.support.backbone import make_project
from tests.support.peer import written
from tests.support.territory import random_siren

SIREN = random_siren()
RIGHT = written(make_project(SIREN))
NAMES = [name for name, _ in RIGHT.headers]
FIELDS = sorted(json.loads(RIGHT.value or b""))

zones = st.sampled_from([timezone(timedelta(hours=hours)) for hours in (-14, 0, 14)])
instants = st.datetimes(timezones=zones).map(lambda one: one.isoformat().encode())
words = st.sampled_from(
    ["=?utf-8?b?=", "=?x\0?q?a?=", "=?idna?q?=FF?=", "=?utf-16?b?/w==?=", "\ud800", "NaN", "1E+9999"]
)
junk = st.none() | st.binary(max_size=40) | st.text(max_size=40).map(lambda one: one.encode("utf-8", "replace"))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=40)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


def heard(*, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes | None], ...]) -> str:
    """Return how a record of the topic of ``SIREN`` was read: its fact, or why it was refused."""
    raw = RawRecord(f"ti.territory.{SIREN}.project.v1", 0, 0, 0, key, value, headers)
    try:
        return read(raw, members=[SIREN], now=now()).fact
    except Refused as refused:
        return refused.reason


def test_a_right_record_is_read() -> None:
    assert heard(key=RIGHT.key, value=RIGHT.value, headers=RIGHT.headers) == "updated"


@settings(deadline=None, max_examples=200)
@given(name=st.sampled_from(NAMES), value=junk | instants)
def test_any_header_is_read_or_refused(name: str, value: bytes | None) -> None:
    assert heard(key=RIGHT.key, value=RIGHT.value, headers=RIGHT.head(name, value).headers)


@settings(deadline=None, max_examples=200)
@given(field=st.sampled_from(FIELDS), value=anything)
def test_any_field_is_read_or_refused(field: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
    assert heard(key=RIGHT.key, value=RIGHT.body(**{field: value}).value, headers=RIGHT.headers)


@settings(deadline=None, max_examples=200)
@given(value=st.binary(max_size=200) | anything.map(lambda one: json.dumps(one).encode()))
def test_any_value_is_read_or_refused(value: bytes) -> None:
    assert heard(key=RIGHT.key, value=value, headers=RIGHT.headers)


@settings(deadline=None, max_examples=200)
@given(key=junk)
def test_any_key_is_read_or_refused(key: bytes | None) -> None:
    assert heard(key=key, value=RIGHT.value, headers=RIGHT.headers)


@given(junk)
def test_whatever_stands_for_a_trace_the_record_is_read(said: bytes | None) -> None:
    right = RIGHT.after(("ce_traceparent", said))
    raw = RawRecord(f"ti.territory.{SIREN}.project.v1", 0, 0, 0, right.key, right.value, right.headers)

    assert read(raw, members=[SIREN], now=now()).trace is None


def test_the_trace_of_a_record_is_the_one_its_sender_wrote() -> None:
    said = f"00-{'a' * 32}-{'b' * 16}-01"
    right = RIGHT.after(("ce_traceparent", said.encode()))
    raw = RawRecord(f"ti.territory.{SIREN}.project.v1", 0, 0, 0, right.key, right.value, right.headers)

    assert str(read(raw, members=[SIREN], now=now()).trace) == said
