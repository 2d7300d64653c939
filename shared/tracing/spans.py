"""Spans: what took how long, for whom an exporter is set; without one, only the ids that tie things together."""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from structlog.contextvars import bound_contextvars

from shared.errors import Invalid
from shared.tracing.context import CURRENT, Trace, current, fresh

Said = Mapping[str, str | int]


class Kind(Enum):
    """What a span is to others: it answers them, calls them, writes a message or handles one."""

    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Span(Protocol):
    """One span that has begun."""

    trace: Trace

    def say(self, said: Said, *, name: str = "") -> None:
        """Add attributes: words of ours, numbers, route templates; nothing that people wrote. Rename it, if asked."""

    def end(self, *, failed: str = "") -> None:
        """End it; ``failed`` names the kind of error, if one ended it."""


class Exporter(Protocol):
    """Where spans go."""

    def begin(self, name: str, *, kind: Kind, parent: Trace | None, link: Trace | None) -> Span:
        """Begin a span."""

    def flush(self) -> None:
        """Hand over what is still here, within bounds."""


@dataclass
class _Named:
    """A span that nobody exports: only its ids count."""

    trace: Trace

    def say(self, said: Said, *, name: str = "") -> None:
        """Tell nobody."""

    def end(self, *, failed: str = "") -> None:
        """Tell nobody."""


class _Nowhere:
    def begin(self, name: str, *, kind: Kind, parent: Trace | None, link: Trace | None) -> Span:
        return _Named(parent.child() if parent else fresh())

    def flush(self) -> None:
        """Hold nothing."""


# One for the process, as the log has one: spans begin in places that nothing is handed to.
_exporter: Exporter = _Nowhere()


def export_to(address: str, *, epci: str, version: str) -> None:
    """Send every span from now on to the OpenTelemetry collector at ``address``, without its ``/v1/traces``.

    Raises:
        Invalid: the optional packages are not installed.
    """
    global _exporter
    try:
        # Loaded by name: without the optional packages it cannot be imported.
        found = importlib.import_module("shared.tracing.otel")
    except ModuleNotFoundError as missing:
        raise Invalid("Réglage ESTUAIRE_OTLP_ENDPOINT\u00a0: installez d’abord « estuaire[tracing] ».") from missing
    built: Exporter = found.build(address, epci=epci, version=version)
    _exporter = built


def exporting() -> bool:
    """Tell whether spans go anywhere."""
    return not isinstance(_exporter, _Nowhere)


def flush() -> None:
    """Hand over the spans that are still here, within bounds; called once, at the end of a process."""
    _exporter.flush()


@contextmanager
def span(name: str, *, kind: Kind, parent: Trace | None = None, link: Trace | None = None) -> Iterator[Span]:
    """Run the block as one span of the trace of ``parent``, else of the one that runs, else of a new one."""
    begun = _exporter.begin(name, kind=kind, parent=parent or current(), link=link)
    try:
        with following(begun.trace):
            yield begun
    except BaseException as error:
        begun.end(failed=type(error).__name__)
        raise
    begun.end()


def telling(name: str, *, kind: Kind, parent: Trace | None, link: Trace | None = None) -> Span:
    """Begin a span that the caller ends, and that nothing follows."""
    return _exporter.begin(name, kind=kind, parent=parent, link=link)


@contextmanager
def following(trace: Trace | None) -> Iterator[None]:
    """Run the block as part of a trace: what it records carries it, what it logs names it; ``None`` changes nothing."""
    if trace is None:
        yield
        return
    token = CURRENT.set(trace)
    try:
        with bound_contextvars(trace_id=trace.trace_id):
            yield
    finally:
        CURRENT.reset(token)
