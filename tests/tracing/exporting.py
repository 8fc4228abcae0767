"""Tracing whose spans stay in memory, and what tests compare of them."""

from dataclasses import dataclass, field

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler

from relay.observe.spans import tracing_by
from relay.observe.tracing import Tracing

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
INPUT = f"00-{TRACE}-{SPAN}-01"
UNSAMPLED = f"00-{TRACE}-{SPAN}-00"


@dataclass
class Exported:
    """Spans as they ended."""

    sampler: Sampler = field(default_factory=lambda: ParentBased(ALWAYS_ON))

    def __post_init__(self) -> None:
        """Make a provider of its own: nothing is global."""
        self._memory = InMemorySpanExporter()
        provider = TracerProvider(sampler=self.sampler, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._memory))
        self.tracing: Tracing = tracing_by(provider)

    @property
    def spans(self) -> list[ReadableSpan]:
        """All, in the order in which they ended."""
        return list(self._memory.get_finished_spans())

    def one(self, name: str) -> ReadableSpan:
        """Return the only span of this name."""
        (span,) = [span for span in self.spans if span.name == name]
        return span


def traceparent(span: ReadableSpan) -> str:
    """Return how a span is named as a parent."""
    context = span.context
    assert context is not None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def parent(span: ReadableSpan) -> str | None:
    """Return how a span names its parent."""
    above = span.parent
    return None if above is None else f"00-{above.trace_id:032x}-{above.span_id:016x}-{int(above.trace_flags):02x}"
