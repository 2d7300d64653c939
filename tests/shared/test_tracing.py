"""Trace context as the W3C writes it, whatever a caller or a neighbour sends in its place."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import tracing
from shared.errors import Invalid

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_a_trace_is_read_and_written_as_the_standard_says() -> None:
    written = f"00-{TRACE}-{SPAN}-01"

    read = tracing.parse(written)

    assert read == tracing.Trace(TRACE, SPAN, sampled=True)
    assert str(read) == written


@pytest.mark.parametrize(
    ("said", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-02", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"cc-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", True),
    ],
)
def test_flags_and_later_versions_are_understood(said: str, *, sampled: bool) -> None:
    assert tracing.parse(said) == tracing.Trace(TRACE, SPAN, sampled=sampled)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01, 00-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-{'x' * 10_000}",
        "00-" + "٣" * 32 + f"-{SPAN}-01",
    ],
)
def test_anything_else_is_no_trace(said: str) -> None:
    assert tracing.parse(said) is None


@given(st.text())
def test_no_text_is_an_error(said: str) -> None:
    read = tracing.parse(said)

    assert read is None or tracing.parse(str(read)) == read


def test_a_span_continues_the_trace_that_runs_and_leaves_it_as_it_was() -> None:
    given_trace = tracing.fresh()

    with tracing.following(given_trace), tracing.span("inside", kind=tracing.Kind.PRODUCER) as inner:
        running = tracing.current()
    after = tracing.current()

    assert running == inner.trace
    assert inner.trace.trace_id == given_trace.trace_id
    assert inner.trace.span_id != given_trace.span_id
    assert after is None


def test_without_any_trace_a_span_begins_one() -> None:
    with tracing.span("first", kind=tracing.Kind.PRODUCER) as one, tracing.span("second", kind=tracing.Kind.CLIENT):
        pass
    with tracing.span("other", kind=tracing.Kind.PRODUCER) as two:
        pass

    assert one.trace.trace_id != two.trace.trace_id


def test_what_is_not_sampled_stays_so() -> None:
    parent = tracing.Trace(TRACE, SPAN, sampled=False)

    with tracing.span("inside", kind=tracing.Kind.CLIENT, parent=parent) as inner:
        pass

    assert str(inner.trace).endswith("-00")


def test_an_exporter_that_is_not_installed_is_said_in_french(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "shared.tracing.otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    with pytest.raises(Invalid, match=r"ESTUAIRE_OTLP_ENDPOINT.*estuaire\[tracing\]"):
        tracing.export_to("http://127.0.0.1:9", epci="200010700", version="test")
