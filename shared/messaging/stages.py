"""The stages of a message, timed and traced: committed, sent, acknowledged, received elsewhere, applied."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from shared import figures, tracing
from shared.clock import now
from shared.contracts.base import State
from shared.messaging.envelope import TRACEPARENT, RawRecord
from shared.messaging.outbox import Due
from shared.messaging.registry import Record

Labels = tuple[str, str]
"""EPCI and service."""


class Leaving:
    """The stages of what one service publishes."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._sent = figures.STAGES.labels(*labels, "sent")
        self._acknowledged = figures.STAGES.labels(*labels, "acknowledged")

    def leaves(self, row: Due, future: Awaitable[object] | BaseException) -> None:
        """Note that a row was handed to the producer, and when Kafka acknowledges it."""
        if not isinstance(future, asyncio.Future):
            return
        self._sent.observe(_since(row.occurred_at))
        began, sending = time.perf_counter(), self._sending(row)

        def arrived(ended: asyncio.Future[object]) -> None:
            error = None if ended.cancelled() else ended.exception()
            if error is None and not ended.cancelled():
                self._acknowledged.observe(time.perf_counter() - began)
            if sending is not None:
                sending.end(failed="cancelled" if ended.cancelled() else type(error).__name__ if error else "")

        future.add_done_callback(arrived)

    def _sending(self, row: Due) -> tracing.Span | None:
        """Begin the span of a send where spans go somewhere; else nothing is read."""
        if not tracing.exporting():
            return None
        parent = tracing.parse(json.loads(row.headers).get(TRACEPARENT, ""))
        sending = tracing.telling(f"send {row.topic}", kind=tracing.Kind.CLIENT, parent=parent)
        sending.say(_said("send", row.topic, self._labels))
        return sending


@asynccontextmanager
async def handling(
    labels: Labels, raws: Sequence[RawRecord], records: Sequence[Record[State]]
) -> AsyncIterator[Sequence[tracing.Trace | None]]:
    """Time the handling of a batch that was received, as part of its trace if all of it belongs to one.

    The block is given the trace of each record, for what is done because of that one.
    """
    began, received = time.perf_counter(), now()
    spans = [_handled(record, labels) for record in records if tracing.exporting()]
    traces = [begun.trace for begun in spans] if spans else [record.trace for record in records]
    one = traces[0] if len({trace and trace.trace_id for trace in traces}) == 1 else None
    failed = "unknown"
    try:
        with tracing.following(one):
            yield traces
        failed = ""
    except Exception as error:
        failed = type(error).__name__
        raise
    finally:
        for begun in spans:
            begun.end(failed=failed)
    _applied(labels, raws, records, received=received, seconds=time.perf_counter() - began)


def _applied(
    labels: Labels, raws: Sequence[RawRecord], records: Sequence[Record[State]], *, received: datetime, seconds: float
) -> None:
    for raw in raws:
        if raw.timestamp_ms > 0:
            waited = received.timestamp() - raw.timestamp_ms / 1000
            figures.STAGES.labels(*labels, "received").observe(max(waited, 0))
    for record in records:
        figures.STAGES.labels(*labels, "applied").observe(seconds)
        if not record.republished:
            figures.STAGES.labels(*labels, "whole").observe(_since(record.time))


def _handled(record: Record[State], labels: Labels) -> tracing.Span:
    begun = tracing.telling(
        f"process {record.aggregate}", kind=tracing.Kind.CONSUMER, parent=record.trace, link=record.trace
    )
    begun.say({**_said("process", record.aggregate, labels), "estuaire.sender": record.epci})
    return begun


def _said(operation: str, destination: str, labels: Labels) -> dict[str, str | int]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.type": operation,
        "messaging.destination.name": destination,
        "estuaire.service": labels[1],
    }


def _since(instant: datetime) -> float:
    """Return the seconds since an instant; clocks of others may be ahead."""
    return max((now() - instant).total_seconds(), 0)
