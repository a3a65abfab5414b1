"""Spans of an investigation, in OpenTelemetry's terms. Where no tracer is given nothing is imported, made or kept."""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from agents.redaction import redact

if TYPE_CHECKING:
    from opentelemetry.trace import Span, TracerProvider
    from pydantic_ai.capabilities import AbstractCapability

OURS = "agentops."
"""What our attributes begin with. None of them holds a prompt or an answer."""
_LONGEST = 400

Value = str | int | float | bool | Sequence[str] | None


class Opened:
    """A span that is open, or nothing where nobody traces."""

    def __init__(self, span: "Span | None" = None) -> None:
        """Without a span every method does nothing."""
        self._span = span

    def note(self, **facts: Value) -> None:
        """Set attributes; what is None is left out, secrets are taken out."""
        if self._span is not None:
            for name, value in facts.items():
                if value is not None:
                    self._span.set_attribute(f"{OURS}{name}", _plain(value))

    def event(self, name: str, **facts: Value) -> None:
        """Something that happened, or was decided, at this moment."""
        if self._span is not None:
            self._span.add_event(name, {f"{OURS}{key}": _plain(one) for key, one in facts.items() if one is not None})

    def within(self) -> AbstractContextManager[object]:
        """While it is entered, spans that are opened become children of this one."""
        if self._span is None:
            return nullcontext()
        from opentelemetry.trace import use_span

        return use_span(self._span, end_on_exit=False, record_exception=False, set_status_on_exception=False)

    def end(self, *, well: bool = True) -> None:
        """Close it."""
        if self._span is None:
            return
        if not well:
            from opentelemetry.trace import StatusCode

            self._span.set_status(StatusCode.ERROR)
        self._span.end()


class Trace:
    """Opens spans. `off()` opens none."""

    def __init__(self, provider: "TracerProvider", *, content: bool = False) -> None:
        """`content`: prompts and answers may leave in the spans of the language model."""
        self._provider: TracerProvider | None = provider
        self._content = content

    @classmethod
    def off(cls) -> "Trace":
        """Traces nothing, at no cost."""
        made = cls.__new__(cls)
        made._provider, made._content = None, False
        return made

    def open(self, name: str, **facts: Value) -> Opened:
        """A span below the one that is entered; it has to be ended."""
        if self._provider is None:
            return Opened()
        opened = Opened(self._provider.get_tracer("agentops").start_span(name))
        opened.note(**facts)
        return opened

    @contextmanager
    def span(self, name: str, **facts: Value) -> Generator[Opened]:
        """A span around a block. An exception marks it as failed by its type; its words stay out."""
        opened = self.open(name, **facts)
        try:
            with opened.within():
                yield opened
        except BaseException as error:
            opened.note(error=type(error).__name__)
            opened.end(well=False)
            raise
        opened.end()

    def capabilities(self) -> "list[AbstractCapability[Any]]":
        """What an agent's run is given so that its requests and tools become spans below ours."""
        if self._provider is None:
            return []
        from pydantic_ai.capabilities import Instrumentation
        from pydantic_ai.models.instrumented import InstrumentationSettings

        settings = InstrumentationSettings(
            tracer_provider=self._provider,
            include_content=self._content,
            include_binary_content=False,
            include_model_request_parameters=False,
        )
        return [Instrumentation(settings)]


def _plain(value: Value) -> str | int | float | bool | Sequence[str]:
    match value:
        case StrEnum():
            return value.value
        case str():
            return redact(value)[:_LONGEST]
        case bool() | int() | float():
            return value
        case None:
            return ""
        case _:
            return [redact(one)[:_LONGEST] for one in value]
