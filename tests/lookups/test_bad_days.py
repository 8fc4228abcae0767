"""A provider that fails in every way it can: nothing is lost, nothing invented, and its limits are kept."""

import json
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator import steps
from relay.simulator.faults import Fault, FaultKind
from relay.simulator.messages import Message, Step
from tests.checking import NOTHING, check
from tests.polling import eventually
from tests.running import EVENT_TOPICS, World, world

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

LAUNCHER = (str(Path(__file__).parent.parent / "slot" / "failpoints.py"),)
POLLING = {"initial_seconds": 0.3, "factor": 1.2, "max_seconds": 0.6}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Give a running relay that comes back to a refusing account after a second, not a minute."""
    folder = tmp_path_factory.mktemp("bad-days")
    account = {"timeout_seconds": 1, "concurrency": 16, "rate_per_second": 400}
    async with world(kafka.bootstrap_servers, folder, polling=POLLING, account=account) as made:
        await made.started(LAUNCHER, environment={"REFUSED_SECONDS": "1"})
        yield made


@pytest.fixture
def relay(shared: World) -> World:
    """Give the relay of the module with a provider in good health."""
    shared.simulator.faults.clear()
    return shared


def a_message(relay: World, *script: Step) -> str:
    """Give the provider a message and return its id."""
    message_id = str(uuid.uuid4())
    relay.simulator.send(Message(message_id=message_id, steps=script))
    return message_id


FAULTS: dict[str, dict[str, Any]] = {
    "time-outs": {"kind": FaultKind.HANG},
    "refused connections": {"kind": FaultKind.RESET},
    "cut answers": {"kind": FaultKind.CUT},
    "truncated answers": {"kind": FaultKind.TRUNCATED},
    "server errors": {"kind": FaultKind.STATUS, "status": 503},
    "a proxy's errors": {"kind": FaultKind.STATUS, "status": 502, "body": b"<html>"},
    "redirects": {"kind": FaultKind.STATUS, "status": 302, "headers": {"Location": "/elsewhere"}},
    "too many requests, wait": {"kind": FaultKind.STATUS, "status": 429, "headers": {"Retry-After": "1"}},
    "unavailable, wait": {"kind": FaultKind.STATUS, "status": 503, "headers": {"Retry-After": "1"}},
    "wrong credentials": {"kind": FaultKind.STATUS, "status": 401},
    "garbage": {"kind": FaultKind.GARBAGE},
    "a page": {"kind": FaultKind.HTML},
    "no UTF-8": {"kind": FaultKind.INVALID_UTF8},
    "errors with status 200": {"kind": FaultKind.ERROR_BODY},
    "oversized answers": {"kind": FaultKind.OVERSIZED, "size_bytes": 12_000_000},
}


@pytest.mark.parametrize("name", FAULTS)
async def test_messages_survive_a_fault_that_ends(relay: World, name: str) -> None:
    """Six lookups in a row go wrong: every message still gets its one event, none an inferred one."""
    relay.simulator.faults.add(Fault(**FAULTS[name], times=6))
    ids = [a_message(relay, steps.delivered(0, "sms")) for _ in range(8)]
    for message_id in ids:
        await relay.fetch(message_id=message_id)
    for message_id in ids:
        (event,) = await relay.told(message_id, "delivered", seconds=30)
        assert not event["inferred"]


async def test_too_many_requests_pause_the_whole_account(relay: World) -> None:
    """After a 429 nothing at all is asked until the time that the provider named."""
    relay.simulator.faults.add(
        Fault(kind=FaultKind.STATUS, status=429, headers={"Retry-After": "2"}, times=1, message_id=(one := _unsent()))
    )
    await relay.fetch(message_id=one, expires_at="2026-11-22T00:00:00Z")
    refused = await eventually(
        lambda: [found for found in relay.simulator.lookups if found.status == 429 and found.message_id == one],
        what="429",
    )
    other = a_message(relay, steps.delivered(0, "sms"))
    await relay.fetch(message_id=other)
    await relay.told(other, "delivered")
    first = next(found for found in relay.simulator.lookups if found.message_id == other)
    assert first.time >= refused[0].time + 1.99


def _unsent() -> str:
    return str(uuid.uuid4())


async def test_wrong_credentials_expire_nothing_and_are_said_once(relay: World) -> None:
    """While an account is closed to us its messages stay pending past `expires_at`; one error line names the fix."""
    (replica,) = relay.replicas
    before = len(_pauses(relay))
    relay.simulator.faults.add(Fault(kind=FaultKind.STATUS, status=403, for_seconds=4))
    message_id = a_message(relay, steps.delivered(0, "sms"))
    sent_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    await relay.send(
        "messages_sent", {"account": "main", "message_id": message_id, "sent_at": sent_at, "ttl_seconds": 1}
    )
    (event,) = await relay.told(message_id, "delivered", seconds=30)
    assert not event["inferred"]
    assert len(_pauses(relay)) == before + 1
    assert "accounts.main" in _pauses(relay)[-1]["fix"]
    assert "login" not in replica.log.read_text().replace("username", "")


def _pauses(relay: World) -> list[dict[str, Any]]:
    return [line for line in relay.replicas[0].lines("account.paused") if line["level"] == "error"]


@pytest.mark.parametrize("field", ["phone_number", "last_partner", "extra_id", "matching_template_id"])
async def test_an_answer_too_large_for_a_record_stops_nobody_else(relay: World, field: str) -> None:
    """A text of 2 MB in an answer is no answer: the transaction that holds its event would fail for ever."""
    (replica,) = relay.replicas
    huge, other = _unsent(), a_message(relay, steps.delivered(0, "sms"))
    body = {"status": 2, "substatus": 23, "message_id": huge, "last_partner": "sms", field: "3" * 2_000_000}
    relay.simulator.faults.add(Fault(kind=FaultKind.RAW, message_id=huge, body=json.dumps(body).encode()))
    await relay.fetch(message_id=huge, detail="simple", follow=False)
    await eventually(lambda: any(found.message_id == huge for found in relay.simulator.lookups), what="answer")
    await relay.fetch(message_id=other)
    await relay.told(other, "delivered")
    assert not replica.lines("turn.failed")


async def test_two_replicas_keep_the_accounts_limits(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Rate and concurrency are those of the account, whatever the number of processes."""
    account = {"rate_per_second": 100, "concurrency": 8}
    async with world(kafka.bootstrap_servers, tmp_path, account=account, simulator={"latency_seconds": 0.05}) as pair:
        first = await pair.started()
        await pair.started()
        await eventually(lambda: len(first.lines("slots.restored")) >= 2, what="sharing")
        ids = [a_message(pair, steps.delivered(0, "sms")) for _ in range(400)]
        for message_id in ids:
            await pair.fetch(message_id=message_id)
        for message_id in ids:
            await pair.told(message_id, "delivered", seconds=30)
        stats = pair.simulator.stats()
        assert stats.max_in_flight <= 8
        assert stats.max_per_second["hyber/1021"] <= 102  # arrivals are a little less even than departures
        events = [record.value for record in pair.seen if record.topic in EVENT_TOPICS]
        assert check(pair.simulator.truth(), events) == NOTHING
