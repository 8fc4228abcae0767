"""An Infobip voice account of a world: calls at its simulator, requests to the relay, what the relay keeps of it."""

import contextlib
import json
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from relay.simulator.faults import Fault
from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd, Ending, VoiceCall
from relay.simulator.infobip_endings import ended
from relay.simulator.infobip_truth import HandedOut
from relay.simulator.lookups import Call
from relay.simulator.server import Simulator
from tests.checking import Findings
from tests.checking_calls import check_calls, types_of
from tests.kept import Stored, headers_of, put_together, stored_records
from tests.polling import PATIENCE_SECONDS, eventually, eventually_async
from tests.running import EVENT_TOPICS, World, world

DRAIN_SECONDS = 0.5
TIMEOUT_SECONDS = 2.0
LOGS_A_MINUTE = 120
DRAINS, LOG = "infobip/login", "infobip/login/logs"
"""How the simulator calls the two in its counters and faults."""


def account_keys(**changes: Any) -> dict[str, Any]:
    """Return an account for `World.more_accounts`, which asks often and waits little."""
    polling = {"drain_seconds": DRAIN_SECONDS, **changes.pop("polling", {})}
    login = {} if "api_key" in changes else {"username": "login", "password": "password"}
    return {
        "provider": "infobip_voice",
        **login,
        "timeout_seconds": TIMEOUT_SECONDS,
        "limit": 50,
        **changes,
        "polling": polling,
    }


def an_id() -> str:
    """Return an id that no other test uses and that has to be encoded in a query."""
    return f"дзвінок {uuid.uuid4()}/ü?#%41&=+"


def at_once(end: CallEnd = CallEnd.ANSWERED, **options: Any) -> Ending:
    """End a call as soon as it is placed."""
    return ended(0, end, **options)


def in_seconds(seconds: float) -> str:
    """Return an instant from now, with an offset that is not UTC."""
    return (datetime.now(UTC) + timedelta(seconds=seconds, hours=2)).isoformat()[:-6] + "+02:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What distinguishes an account in its configuration and at the provider."""

    account: Mapping[str, Any] = field(default_factory=dict)
    site: InfobipSite = field(default_factory=InfobipSite)


@dataclass(frozen=True, slots=True)
class VoiceAccount:
    """One account: the relay's name for it, the relay, and the provider's side."""

    name: str
    relay: World
    simulator: Simulator

    # The provider's side

    def call(self, *endings: Ending, **fields: Any) -> str:
        """Place a call, answered at once unless told otherwise, and return its id."""
        call = VoiceCall(**{"message_id": an_id(), "endings": endings or (at_once(),), **fields})
        self.simulator.send_call(call)
        return call.message_id

    def calls(self, count: int, *endings: Ending, **fields: Any) -> list[str]:
        """Place so many calls and return their ids."""
        return [self.call(*endings, **fields) for _ in range(count)]

    def strike(self, kind: str, account: str = DRAINS, **options: Any) -> None:
        """Let the next drain meet a fault, or the next look into the log."""
        self.simulator.faults.add(Fault(**{"kind": kind, "account": account, "times": 1, **options}))

    @property
    def asked(self) -> int:
        """How many drains were answered, whatever they brought, those of faults included."""
        return sum(lookup.account == DRAINS for lookup in self.simulator.lookups)

    @property
    def looked(self) -> int:
        """How many looks into the log were answered."""
        return sum(lookup.account == LOG for lookup in self.simulator.lookups)

    def pages(self) -> list[list[HandedOut]]:
        """Return what was handed out, drain by drain."""
        drains: dict[int, list[HandedOut]] = defaultdict(list)
        for report in self.simulator.handed_out():
            drains[report.drain].append(report)
        return list(drains.values())

    def handed_out(self) -> set[str]:
        """Return the ids of the calls whose reports were handed out."""
        return {report.message_id for report in self.simulator.handed_out()}

    # The relay's side

    async def fetch(self, **fields: Any) -> None:
        """Send a FetchRequest."""
        await self.relay.fetch(account=self.name, **fields)

    async def sent(self, message_id: str, **fields: Any) -> None:
        """Send a MessageSent."""
        await self.relay.send(
            "messages_sent", {"account": self.name, "message_id": message_id, "sent_at": in_seconds(0), **fields}
        )

    async def told(self, message_id: str, *types: str, seconds: float = PATIENCE_SECONDS) -> list[dict[str, Any]]:
        """Wait for the events of a message, as `World.told` does."""
        return await self.relay.told(message_id, *types, seconds=seconds)

    async def told_all(self, ids: Iterable[str], *types: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait for the same events of many messages."""
        for message_id in ids:
            await self.told(message_id, *types, seconds=seconds)

    def published(self) -> list[dict[str, Any]]:
        """Return the events of the account so far."""
        return [
            record.value
            for record in self.relay.seen
            if record.topic in EVENT_TOPICS and record.value["account"] == self.name
        ]

    async def findings(self, *, seconds: float = 60) -> Findings:
        """Wait until all that was handed out is published, and give what is wrong."""

        def due() -> int:
            return sum(len(types) for types in types_of(self.simulator.handed_out()).values())

        with contextlib.suppress(TimeoutError):  # the findings say what is missing
            await eventually(lambda: len(self.published()) >= due(), seconds=seconds, what="publishing")
        await self.relay.quiet()
        return check_calls(self.simulator.handed_out(), self.published(), now=time.time())

    # What the relay keeps

    async def kept(self) -> dict[str, Any]:
        """Return the account's state as it is stored, empty if there is none."""
        kept = [json.loads(record.value) if record.value else {} for record in await self.states()]
        return kept[-1] if kept else {}

    async def states(self) -> list[Any]:
        """Return the records of the account's state, oldest first."""
        records = await stored_records(self.relay, "state", isolation_level="read_committed")
        return [record for record in records if record.key == f"account/{self.name}".encode()]

    async def gapless(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the stored state has neither a gap nor an open intent."""

        async def closed() -> bool:
            kept = await self.kept()
            return not kept.get("gaps") and not kept.get("intent")

        await eventually_async(closed, seconds=seconds, what="end of the gaps")

    async def bodies(self) -> list[Stored]:
        """Return the whole answers that `relay.raw` holds of the account."""
        answers: dict[str, list[Any]] = defaultdict(list)
        for record in await stored_records(self.relay, "raw"):
            if record.key == self.name.encode():
                answers[headers_of(record)["response_id"]].append(record)
        return [put_together(records) for records in answers.values()]


@contextlib.asynccontextmanager
async def voices(
    bootstrap_servers: str, folder: Path, setups: Mapping[str, Setup], **keys: Any
) -> AsyncIterator[dict[str, VoiceAccount]]:
    """Open a world with accounts by their names, each with a provider of its own; no relay runs in it yet."""
    async with contextlib.AsyncExitStack() as stack:
        simulators = {
            name: await stack.enter_async_context(Simulator(infobip=setup.site)) for name, setup in setups.items()
        }
        accounts = {
            name: account_keys(base_url=simulators[name].url, **setup.account) for name, setup in setups.items()
        }
        made = await stack.enter_async_context(world(bootstrap_servers, folder, more_accounts=accounts, **keys))
        yield {name: VoiceAccount(name, made, simulator) for name, simulator in simulators.items()}


def assert_limits_kept(account: VoiceAccount, *, in_flight: int = 1) -> None:
    """Hold the account's traffic to one drain at a time and to the log's 120 requests a minute."""
    stats = account.simulator.stats()
    assert stats.max_in_flight_by_account.get(DRAINS, 0) <= in_flight, account.name
    assert stats.max_per_minute.get(LOG, 0) <= LOGS_A_MINUTE, account.name
    assert stats.max_per_second.get(LOG, 0) <= LOGS_A_MINUTE // 20, account.name  # what is over would add up


async def nothing_for(seconds: float, count: Callable[[], int]) -> None:
    """Hold that a number does not change while so much of the wall clock passes."""
    before, until = count(), time.monotonic() + seconds
    await eventually(lambda: time.monotonic() > until or count() != before, seconds=seconds + 1, what="time passed")
    assert count() == before


def page_of(simulator: Simulator, site: InfobipSite, *, log: bool = False) -> bytes:
    """Take unread reports in the relay's stead, as someone with the same credentials could, or look into the log."""
    path = site.logs_path if log else site.path
    lookup = simulator._infobip.lookup(
        Call(method="GET", path=path, query="limit=1000", headers={"Authorization": site.authorization})
    )
    assert lookup is not None
    return lookup.respond(time.time()).body


async def still_for(seconds: float, count: Callable[[], int]) -> None:
    """Wait until a number has not changed for so much of the wall clock."""
    before, since = count(), time.monotonic()

    def is_still() -> bool:
        nonlocal before, since
        if (now := count()) != before:
            before, since = now, time.monotonic()
        return time.monotonic() > since + seconds

    await eventually(is_still, seconds=60, what="rest")
