"""A collector of traces in a test: takes OTLP over HTTP on a free port, and notes the spans."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """The spans that came, and the services that they came from."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    services: set[str] = field(default_factory=set)

    async def take(self, request: web.Request) -> web.Response:
        """Take a batch."""
        batch = ExportTraceServiceRequest.FromString(await request.read())
        for of_resource in batch.resource_spans:
            facts = {fact.key: fact.value.string_value for fact in of_resource.resource.attributes}
            self.services.add(facts["service.name"])
            for of_scope in of_resource.scope_spans:
                self.spans.extend(of_scope.spans)
        return web.Response()

    def of_trace(self, trace: str) -> dict[str, Span]:
        """Return the spans of a trace by their names."""
        return {span.name: span for span in self.spans if span.trace_id.hex() == trace}


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    """Run one."""
    made = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", made.take)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made
