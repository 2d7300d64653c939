"""The only module that speaks OpenTelemetry, loaded where ``ESTUAIRE_OTLP_ENDPOINT`` is set."""

from opentelemetry import trace as api
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from shared.tracing.context import Trace
from shared.tracing.spans import Exporter, Kind, Said, Span

_KINDS = {
    Kind.SERVER: api.SpanKind.SERVER,
    Kind.CLIENT: api.SpanKind.CLIENT,
    Kind.PRODUCER: api.SpanKind.PRODUCER,
    Kind.CONSUMER: api.SpanKind.CONSUMER,
}
FLUSH_MS = 3000
SEND_SECONDS = 3


class _Exported:
    """A span that a thread of its own will send, never the one that ends it."""

    def __init__(self, span: api.Span) -> None:
        self._span = span
        context = span.get_span_context()
        self.trace = Trace(f"{context.trace_id:032x}", f"{context.span_id:016x}", sampled=context.trace_flags.sampled)

    def say(self, said: Said, *, name: str = "") -> None:
        self._span.set_attributes(dict(said))
        if name:
            self._span.update_name(name)

    def end(self, *, failed: str = "") -> None:
        if failed:
            self._span.set_attribute("error.type", failed)
            self._span.set_status(api.StatusCode.ERROR)
        self._span.end()


class _Collector:
    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("estuaire")

    def begin(self, name: str, *, kind: Kind, parent: Trace | None, link: Trace | None) -> Span:
        around = api.set_span_in_context(api.NonRecordingSpan(_context(parent)) if parent else api.INVALID_SPAN)
        links = [api.Link(_context(link))] if link else None
        return _Exported(self._tracer.start_span(name, context=around, kind=_KINDS[kind], links=links))

    def flush(self) -> None:
        self._provider.force_flush(FLUSH_MS)
        self._provider.shutdown()


def build(address: str, *, epci: str, version: str) -> Exporter:
    """Return the way to a collector; what it does not take in time is dropped, and nothing waits for it."""
    resource = Resource.create({"service.name": "estuaire", "service.version": version, "estuaire.epci": epci})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(f"{address.rstrip('/')}/v1/traces", timeout=SEND_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return _Collector(provider)


def _context(trace: Trace) -> api.SpanContext:
    flags = api.TraceFlags(api.TraceFlags.SAMPLED if trace.sampled else api.TraceFlags.DEFAULT)
    return api.SpanContext(int(trace.trace_id, 16), int(trace.span_id, 16), is_remote=True, trace_flags=flags)
