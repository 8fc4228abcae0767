"""Infobip voice through every fault that a provider may have: what a drain kept back is published all the same."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from relay.core.identity import event_id
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator.infobip_calls import CallEnd
from tests.checking import NOTHING
from tests.endtoend.voice_relay import drained, running_voices
from tests.polling import eventually
from tests.voice import Setup, VoiceAccount, at_once

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

LAUNCHER = (str(Path(__file__).parent.parent / "slot" / "failpoints.py"),)
IMPATIENT = {"REFUSED_SECONDS": "1"}
"""What LAUNCHER takes to come back to a refusing provider after a second, not a minute."""

FAULTS: Mapping[str, dict[str, Any]] = {
    "hang": {"kind": "hang"},
    "hang_before": {"kind": "hang", "consumes": False},
    "reset": {"kind": "reset"},
    "reset_before": {"kind": "reset", "consumes": False},
    "cut": {"kind": "cut"},
    "truncated": {"kind": "truncated"},
    "drip": {"kind": "drip", "drip_seconds": 0.1},
    "gzip": {"kind": "gzip"},
    "garbage": {"kind": "garbage", "consumes": True},
    "garbage_before": {"kind": "garbage"},
    "html": {"kind": "html", "consumes": True},
    "oversized": {"kind": "oversized", "consumes": True},
    "empty": {"kind": "raw", "body": b"", "consumes": True},
    "another_object": {"kind": "raw", "body": b"{}", "consumes": True},
    "error_body": {"kind": "error_body", "consumes": True},
    "error_body_before": {"kind": "error_body"},
    "redirect": {"kind": "status", "status": 302, "headers": {"Location": "/elsewhere"}, "consumes": True},
    "forbidden_before": {"kind": "status", "status": 403},
    "throttled": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "consumes": True},
    "throttled_before": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    "server_error": {"kind": "status", "status": 500, "consumes": True},
    "server_error_before": {"kind": "status", "status": 503},
    "bad_gateway": {"kind": "status", "status": 502, "body": b"<html>", "consumes": True},
    "wrong_type": {"kind": "content_type", "content_type": "text/plain"},
}
SETUPS = {**{f"after_{name}": Setup() for name in FAULTS}, "refused": Setup()}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def accounts(
    kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, VoiceAccount]]:
    """Give the accounts of a relay that comes back to a refusing provider after a second, not a minute."""
    async with running_voices(kafka, tmp_path_factory.mktemp("faults"), SETUPS, LAUNCHER, IMPATIENT) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def struck(accounts: dict[str, VoiceAccount]) -> Mapping[str, tuple[VoiceAccount, list[str]]]:
    """Let each account's first drain meet its fault, all at the same time; give the calls that it was about."""
    calls: dict[str, tuple[VoiceAccount, list[str]]] = {}
    for name, fault in FAULTS.items():
        account = accounts[f"after_{name}"]
        account.strike(**fault)
        calls[name] = account, [account.call(bulk_id="b"), account.call(at_once(CallEnd.BUSY), bulk_id="b")]
        await account.sent(calls[name][1][0])
    return calls


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_a_fault_kept_back_is_published_all_the_same(
    struck: Mapping[str, tuple[VoiceAccount, list[str]]], fault: str
) -> None:
    """The pending call and the one that nobody asked about, from the log or from the next drain; the gap is gone."""
    account, (mine, stranger) = struck[fault]
    for event in await account.told(mine, "delivered", "answered"):
        assert event["event_id"] == event_id(
            provider="infobip_voice",
            account=account.name,
            message_id=mine,
            extra_id=None,
            event_type=event["type"],
            inferred=False,
        )
        assert (event["call"]["outcome"], event["price"]["amount"]) == ("answered", "0.01")
    (failed,) = await account.told(stranger, "failed")
    assert (failed["request_id"], failed["reason"]["category"]) == (None, "busy")
    await drained(account)
    assert await account.findings() == NOTHING
    await account.gapless()


async def test_refused_credentials_keep_everything_pending(accounts: dict[str, VoiceAccount]) -> None:
    """401 consumes nothing and is no gap; once mended the reports are drained, without a look into the log."""
    account = accounts["refused"]
    account.strike("status", status=401, times=2)
    message_id, stranger = account.call(), account.call()
    await account.sent(message_id)
    await account.told(message_id, "delivered", "answered")
    await account.told(stranger, "delivered", "answered")
    (replica,) = account.relay.replicas
    await eventually(
        lambda: any(line["account"] == account.name for line in replica.lines("account.paused")), what="account.paused"
    )
    assert len(account.pages()) == 1
    await account.gapless()
