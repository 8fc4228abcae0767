"""The way to a provider: what each response does to its gate, what it means for a lookup, and that it is told once."""

from collections import deque
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from relay.core.items import Unanswered
from relay.lookups.door import LAPSED_SECONDS, Door
from relay.lookups.gate import FAILURES_TO_OPEN, REFUSED_SECONDS, Closed, Gate
from relay.lookups.http import Failure, HttpFailure, HttpRequest, HttpResponse
from relay.observe.metrics import Metrics
from tests.lookups.asking import OK, FakeHttp
from tests.virtual_time import in_virtual_time

Scripted = HttpResponse | Exception
SLOW_SECONDS = 4  # so long may a busy machine take for a test


class Driven:
    """A door whose provider answers as the script says."""

    def __init__(self, *script: Scripted) -> None:
        self.http, self.gate, self.metrics = FakeHttp(deque(script)), Gate(), Metrics("1.0")
        self.door = Door("voice_eu/log", http=self.http, gate=self.gate, metrics=self.metrics)
        self.told: list[tuple[str, int | None]] = []

    async def get(self, count: int = 1) -> HttpResponse | HttpFailure:
        """Ask so often; return the last answer."""
        answer: HttpResponse | HttpFailure = OK
        for _ in range(count):
            try:
                answer = await self.door.get(
                    HttpRequest("/"), lambda why, status, _detail: self.told.append((why, status))
                )
            except HttpFailure as failure:
                answer = failure
        return answer

    def paused(self) -> set[str]:
        """Return the reasons for which the metric says that the account is paused."""
        of = self.metrics.registry.get_sample_value
        reasons = {"account": "voice_eu/log"}
        return {each.value for each in Closed if of("relay_account_paused", {**reasons, "reason": each.value})}


@in_virtual_time
@pytest.mark.parametrize("status", [200, 204, 400, 404, 410])
async def test_an_answer_that_can_be_read_passes(status: int) -> None:
    """Whatever it says: the provider is there and accepts the credentials."""
    driven = Driven(HttpResponse(status, b"{}"))
    answer = await driven.get()
    assert isinstance(answer, HttpResponse)
    assert (answer.status, driven.door.passes, driven.door.closed_seconds, driven.told) == (status, True, 0.0, [])
    assert driven.door.unanswered(answer) is None


@in_virtual_time
async def test_a_pause_that_nobody_ends_lapses_from_the_metric() -> None:
    """An account that went to another process is not tried here again; a new refusal shows once more."""
    driven = Driven(HttpResponse(401, b""), HttpResponse(401, b""))
    await driven.get()
    for after, paused in ((0.0, {"refused"}), (LAPSED_SECONDS - 1, {"refused"}), (LAPSED_SECONDS, set())):
        driven.door.show_pause(driven.gate.until + after)
        assert driven.paused() == paused
    await driven.get()
    driven.door.show_pause(driven.gate.until)
    assert driven.paused() == {"refused"}


@in_virtual_time
@pytest.mark.parametrize("status", [401, 403])
async def test_refused_credentials_close_it_with_one_error_line(status: int) -> None:
    """The line says which account to correct; a second refusal prolongs the pause in silence."""
    driven = Driven(*[HttpResponse(status, b"")] * 2)
    with capture_logs() as lines:
        answer = await driven.get(2)
    assert isinstance(answer, HttpResponse)
    assert [(line["event"], line["log_level"], line["status"]) for line in lines] == [
        ("account.paused", "error", status)
    ]
    assert "accounts.voice_eu;" in lines[0]["fix"]
    assert (driven.gate.closed, driven.paused(), driven.told) == (Closed.REFUSED, {"refused"}, [])
    assert REFUSED_SECONDS - SLOW_SECONDS < driven.door.closed_seconds <= REFUSED_SECONDS
    item = driven.door.unanswered(answer)
    assert item is not None
    assert (item.asked, item.held) == (True, True)


@in_virtual_time
@pytest.mark.parametrize(
    ("status", "retry_after", "asked", "seconds"), [(429, "30", False, 30), (503, "7", True, 7), (429, None, False, 5)]
)
async def test_a_provider_that_wants_to_be_left_alone_is(
    status: int, retry_after: str | None, *, asked: bool, seconds: int
) -> None:
    """For as long as it says; one that turned a lookup away was not asked. It is said once."""
    driven = Driven(*[HttpResponse(status, b"", retry_after=retry_after)] * 2)
    with capture_logs() as lines:
        answer = await driven.get()
        assert seconds - SLOW_SECONDS < driven.door.closed_seconds <= seconds
        await driven.get()
    assert isinstance(answer, HttpResponse)
    assert [(line["event"], line["log_level"]) for line in lines] == [("account.paused", "warning")]
    assert (driven.paused(), driven.told, driven.door.passes) == ({"throttled"}, [], False)
    item = driven.door.unanswered(answer)
    assert item is not None
    assert (item.asked, item.held) == (asked, False)
    assert item.not_before is not None
    assert seconds - SLOW_SECONDS < (item.not_before - datetime.now(UTC)).total_seconds() < 2 * seconds + 2


@in_virtual_time
@pytest.mark.parametrize(
    ("answer", "why", "status"),
    [
        (HttpResponse(500, b""), "server_error", 500),
        (HttpResponse(302, b""), "server_error", 302),
        (HttpResponse(408, b""), "server_error", 408),
        (HttpFailure(Failure.TIMED_OUT), "timed_out", None),
    ],
)
async def test_each_failure_is_told_until_the_breaker_opens(answer: Scripted, why: str, status: int | None) -> None:
    """The first four to whoever asked; the fifth, which closes the gate, as that."""
    driven = Driven(*[answer] * FAILURES_TO_OPEN)
    with capture_logs() as lines:
        await driven.get(FAILURES_TO_OPEN)
    assert driven.told == [(why, status)] * (FAILURES_TO_OPEN - 1)
    assert [(line["event"], line["why"]) for line in lines] == [("breaker.opened", why)]
    assert (driven.paused(), driven.door.passes) == ({"unavailable"}, False)


@in_virtual_time
async def test_an_answer_opens_it_again() -> None:
    """With one line, and all metrics back."""
    driven = Driven(*[HttpFailure(Failure.CONNECTION)] * FAILURES_TO_OPEN, OK, OK)
    await driven.get(FAILURES_TO_OPEN)
    assert driven.paused() == {"unavailable"}
    with capture_logs() as lines:
        await driven.get(2)
    assert [line["event"] for line in lines] == ["account.resumed"]
    assert (driven.paused(), driven.door.passes, driven.gate.closed) == (set(), True, None)


@in_virtual_time
async def test_a_failure_counts_as_asked() -> None:
    """Through an open gate the message is asked about again when it is due; else when the gate opens."""
    driven = Driven(*[HttpFailure(Failure.TIMED_OUT)] * FAILURES_TO_OPEN)
    await driven.get()
    assert driven.door.failed() == Unanswered(asked=True)
    await driven.get(FAILURES_TO_OPEN - 1)
    item = driven.door.failed()
    assert item.not_before is not None
    assert item.not_before >= datetime.now(UTC)


@in_virtual_time
async def test_closing_it_closes_the_connections() -> None:
    """Whoever built it gave it the client."""
    driven = Driven()
    await driven.door.close()
    assert driven.http.closed
