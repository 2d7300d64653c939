"""W3C trace context, from a request through the outbox to a projection elsewhere; spans only where they are exported.

A trace needs no software beside this room: its id travels in ``traceparent``, ``ce_traceparent`` and log lines.
"""

from shared.tracing.context import Trace, current, fresh, parse
from shared.tracing.spans import Kind, Span, export_to, exporting, flush, following, span, telling

__all__ = [
    "Kind",
    "Span",
    "Trace",
    "current",
    "export_to",
    "exporting",
    "flush",
    "following",
    "fresh",
    "parse",
    "span",
    "telling",
]
