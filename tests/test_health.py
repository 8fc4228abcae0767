"""Liveness, readiness and metrics over real HTTP."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from relay.configuration import TopicSettings
from relay.mistakes import ConfigurationError
from relay.observe.health import RunningServer, health_app, serve_health
from relay.observe.metrics import Metrics
from relay.reference.documents import pages


@dataclass(slots=True)
class ToldHealth:
    """Says of the process what the test says."""

    is_live: bool = True
    is_ready: bool = True
    why: dict[str, Any] = field(default_factory=dict)
    broken: bool = False

    def live(self) -> tuple[bool, dict[str, Any]]:
        """Give the told answer, or fail."""
        if self.broken:
            raise RuntimeError("broken")
        return self.is_live, self.why

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Give the told answer."""
        return self.is_ready, self.why


@pytest.fixture
def health() -> ToldHealth:
    """Give a process that is live and ready."""
    return ToldHealth()


@pytest.fixture
async def server(health: ToldHealth) -> AsyncIterator[RunningServer]:
    """Serve the health of that process on a free port."""
    running = await serve_health(health_app(health, Metrics(version="1.2.3")), "127.0.0.1", 0)
    yield running
    await running.stop()


@pytest.fixture
async def http(server: RunningServer) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client of that server."""
    async with aiohttp.ClientSession(f"http://{server.host}:{server.port}") as session:
        yield session


@pytest.mark.parametrize("question", ["live", "ready"])
async def test_yes_is_200(http: aiohttp.ClientSession, question: str) -> None:
    """A process that is well says so in JSON, not to be cached."""
    async with http.get(f"/{question}") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert await response.json() == {question: True}


@pytest.mark.parametrize("question", ["live", "ready"])
async def test_no_is_503_and_says_why(http: aiohttp.ClientSession, health: ToldHealth, question: str) -> None:
    """An orchestrator reads the status, a person the reason."""
    health.is_live = health.is_ready = False
    health.why = {"reason": "waiting for Kafka", "partitions": [1, 2]}
    async with http.get(f"/{question}") as response:
        assert response.status == 503
        assert await response.json() == {question: False, "reason": "waiting for Kafka", "partitions": [1, 2]}


async def test_metrics_are_prometheus_text(http: aiohttp.ClientSession) -> None:
    """The exposition has its content type and our metrics."""
    async with http.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        assert 'relay_build_info{version="1.2.3"} 1.0' in await response.text()


async def test_other_paths_and_methods_are_refused(http: aiohttp.ClientSession) -> None:
    """Nothing else is served, in particular no documentation that can publish."""
    for path in ("/", "/docs", "/asyncapi", "/asyncapi/try"):
        async with http.get(path) as response:
            assert response.status == 404
    async with http.post("/live") as response:
        assert response.status == 405


async def test_given_pages_can_be_read_and_nothing_else(health: ToldHealth) -> None:
    """The reference of the topics is served as it is, may load nothing, and there is no way to publish by it."""
    made = pages(TopicSettings().model_dump())
    running = await serve_health(health_app(health, Metrics(version="1"), made), "127.0.0.1", 0)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{running.port}") as session:
        for page in made:
            async with session.get(page.path) as response:
                assert (response.status, response.headers["Content-Type"]) == (200, page.content_type)
                assert await response.read() == page.body
                assert response.headers["Content-Security-Policy"].startswith("default-src 'none';")
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                async with session.request(method, page.path, data=b"{}") as response:
                    assert response.status == 405
        for path in ("/asyncapi/try", "/asyncapi/", "/docs/asyncapi", "/docs/asyncapi/try"):
            async with session.post(path, data=b"{}") as response:
                assert response.status == 404
    await running.stop()


async def test_an_answer_that_fails_is_500(http: aiohttp.ClientSession, health: ToldHealth) -> None:
    """A defect in the process's own judgement counts as not live and does not stop the server."""
    health.broken = True
    async with http.get("/live") as response:
        assert response.status == 500
    async with http.get("/ready") as response:
        assert response.status == 200


async def test_signal_handlers_are_left_alone(server: RunningServer) -> None:
    """SIGTERM and SIGINT stay with the process: uvicorn would take them."""
    assert server.port > 0
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert "uvicorn" not in str(getattr(signal.getsignal(signal.SIGINT), "__module__", ""))


async def test_stop_frees_the_port_even_with_idle_connections(health: ToldHealth) -> None:
    """A connection that is kept alive does not hold the shutdown up, and the port can be taken again."""
    app = health_app(health, Metrics(version="1"))
    running = await serve_health(app, "127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{running.port}/live") as response:
            assert response.status == 200
        async with asyncio.timeout(5):
            await running.stop()
    again = await serve_health(app, "127.0.0.1", running.port)
    await again.stop()


async def test_a_port_in_use_is_a_mistake_of_the_configuration(health: ToldHealth, server: RunningServer) -> None:
    """The refusal names key, port and remedy."""
    with pytest.raises(ConfigurationError) as raised:
        await serve_health(health_app(health, Metrics(version="1")), "127.0.0.1", server.port)
    assert raised.value.lines[0].startswith(f"http.port: {server.port} is already in use on 127.0.0.1;")


@pytest.mark.parametrize("host", ["192.0.2.1", "not a host", "a..b"])
async def test_an_address_of_another_machine_is_a_mistake_of_the_configuration(health: ToldHealth, host: str) -> None:
    """A host that can't be listened on is told with its key."""
    with pytest.raises(ConfigurationError) as raised:
        await serve_health(health_app(health, Metrics(version="1")), host, 0)
    assert raised.value.lines[0].startswith(f"http.host: can't listen on {host} (")


async def test_ipv6_is_served(health: ToldHealth) -> None:
    """An IPv6 address works like any other."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("the machine has no IPv6")
    running = await serve_health(health_app(health, Metrics(version="1")), "::1", 0)
    async with aiohttp.ClientSession() as session, session.get(f"http://[::1]:{running.port}/live") as response:
        assert response.status == 200
    await running.stop()
