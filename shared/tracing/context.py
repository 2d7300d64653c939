"""The trace that runs now: read, written and begun in the format of the W3C."""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, replace

_WRITTEN = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_LONGEST = 128
_SAMPLED = 0x01


@dataclass(frozen=True)
class Trace:
    """One trace and the span in it that causes what comes next; ids are lower-case hexadecimal."""

    trace_id: str
    span_id: str
    sampled: bool = True

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.sampled:02x}"

    def child(self) -> "Trace":
        """Return the same trace, caused by a new span."""
        return replace(self, span_id=secrets.token_hex(8))


CURRENT: ContextVar[Trace | None] = ContextVar("estuaire_trace", default=None)


def current() -> Trace | None:
    """Return the trace that runs now, if any."""
    return CURRENT.get()


def fresh() -> Trace:
    """Return a new trace."""
    return Trace(secrets.token_hex(16), secrets.token_hex(8))


def parse(text: str) -> Trace | None:
    """Return the trace that ``text`` names; anything else, however long, is ``None``: a new one is then begun.

    Source: W3C Trace Context, § 3.2; of later versions only the part of the first one is read.
    """
    found = _WRITTEN.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not (trace_id.strip("0") and span_id.strip("0")):
        return None
    return Trace(trace_id, span_id, sampled=bool(int(flags, 16) & _SAMPLED))
