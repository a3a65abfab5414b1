"""Spans on their way out: by OTLP over HTTP, in the background, without prompts, and without secrets in any case."""

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from agents.redaction import redact
from agents.tracing import OURS

EXPORT_TIMEOUT_S = 5.0
"""For one delivery: the bot stops within 20 s, whatever the receiver does."""
MOST_WAITING = 2048
"""Spans that wait; more are dropped, as telemetry must never hold up the work."""
_LONGEST = 20_000
_PLAIN = (
    OURS,
    "gen_ai.agent.name",
    "gen_ai.aggregated_usage.",
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.",
    "gen_ai.response.finish_reasons",
    "gen_ai.response.model",
    "gen_ai.tool.call.id",
    "gen_ai.tool.name",
    "gen_ai.usage.",
    "operation.cost",
    "server.",
    "error.type",
    "exception.type",
    "model_name",
    "agent_name",
    "pydantic_ai.cache.",
)
"""What may leave without being asked: numbers, names and codes. Anything else may hold a prompt or an answer."""


class TidyExporter(SpanExporter):
    """Hands spans on with the attributes that may leave, and with secrets taken out of all that do."""

    def __init__(self, inner: SpanExporter, *, content: bool) -> None:
        """`content`: prompts and answers may leave."""
        self._inner, self._content = inner, content

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Called in the background; a failure is logged by the SDK and costs the spans alone."""
        return self._inner.export([self._tidy(span) for span in spans])

    def shutdown(self) -> None:
        """No more will come."""
        self._inner.shutdown()

    def _tidy(self, span: ReadableSpan) -> ReadableSpan:
        events = [Event(event.name, self._kept(event.attributes), event.timestamp) for event in span.events]
        return ReadableSpan(
            name=redact(span.name),
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes=self._kept(span.attributes),
            events=events,
            links=span.links,
            kind=span.kind,
            # Its description is an exception's words.
            status=Status(span.status.status_code),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    def _kept(self, attributes: Mapping[str, Any] | None) -> dict[str, Any]:
        kept = (attributes or {}).items()
        return {name: _without_secrets(value) for name, value in kept if self._content or name.startswith(_PLAIN)}


def _without_secrets(value: Any) -> Any:
    match value:
        case str():
            return redact(value)[:_LONGEST]
        case tuple() | list():
            return [_without_secrets(one) for one in value]  # pyright: ignore[reportUnknownVariableType] of any type
        case _:
            return value


def receiver_takes(endpoint: str, headers: Mapping[str, str]) -> bool:
    """Whether a delivery without spans is taken. Blocks for some seconds at most."""
    exporter = OTLPSpanExporter(endpoint=endpoint, headers=dict(headers), timeout=EXPORT_TIMEOUT_S)
    try:
        return exporter.export([]) is SpanExportResult.SUCCESS
    finally:
        exporter.shutdown()


def tracer_provider(endpoint: str, headers: Mapping[str, str], *, content: bool) -> TracerProvider:
    """Spans go to `endpoint` in batches. `shutdown` sends what waits."""
    exporter = OTLPSpanExporter(endpoint=endpoint, headers=dict(headers), timeout=EXPORT_TIMEOUT_S)
    provider = TracerProvider(resource=Resource({"service.name": "agentops"}), shutdown_on_exit=False)
    processor = BatchSpanProcessor(TidyExporter(exporter, content=content), max_queue_size=MOST_WAITING)
    provider.add_span_processor(processor)
    return provider
