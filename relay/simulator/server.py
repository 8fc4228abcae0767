"""Composes the simulated providers, faults, journal and control endpoints into one HTTP server in the caller's loop."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterable
from ssl import SSLContext
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from relay.simulator.control import CONTROL_PREFIX, control
from relay.simulator.faults import SILENT, Fault, Faults
from relay.simulator.hyber import Hyber, HyberSite, error_response
from relay.simulator.infobip import Infobip, InfobipSite
from relay.simulator.infobip_calls import VoiceCall
from relay.simulator.infobip_ledger import CallLedger
from relay.simulator.infobip_truth import CallTruth, HandedOut, call_truth
from relay.simulator.journal import NO_STATUS, AnsweredLookup, Journal, Stats
from relay.simulator.ledger import Ledger, Unknown
from relay.simulator.lookups import Call, Lookup, Provider, Response
from relay.simulator.messages import Message
from relay.simulator.misbehaving import deliver, plain, spoiled
from relay.simulator.truth import Truth, truth_of

_JOURNAL_SIZE: Final = 100_000
_CONTROL_BODY_BYTES: Final = 64 * 1024 * 1024
_STOP_SECONDS: Final = 0.05  # aiohttp reads 0 as "wait for ever"
_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - recognised, not bound


class Simulator:
    """Every provider's API on one port, as an async context manager; stopping waits for no connection.

    `speed` divides the seconds of life cycles, not those of faults and `latency_seconds`, which every lookup takes at
    least. `clock` gives epoch seconds. With `unknown="invent"` any id is answered as if sent at its first lookup.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        speed: float = 1.0,
        seed: int = 0,
        unknown: Unknown = "not_found",
        hyber: HyberSite | None = None,
        infobip: InfobipSite | None = None,
        latency_seconds: float = 0.0,
        clock: Callable[[], float] = time.time,
        ssl_context: SSLContext | None = None,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        site = hyber or HyberSite()
        self.faults = Faults(clock=clock, seed=seed)
        self._address = (host, port)
        self._latency_seconds = latency_seconds
        self._clock = clock
        self._ssl_context = ssl_context
        self._journal = Journal(size=_JOURNAL_SIZE)
        self._ledger = Ledger(speed=speed, seed=seed, unknown=unknown, unreadable_seconds=site.too_early_seconds)
        voice = infobip or InfobipSite()
        self._calls = CallLedger(speed=speed, seed=seed, log_seconds=voice.log_seconds)
        self._infobip = Infobip(voice, self._calls)
        self._providers: tuple[Provider, ...] = (Hyber(site, self._ledger).lookup, self._infobip.lookup)
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        """Start listening; raises OSError if the address is taken."""
        server = web.Server(
            self._handle, handler_cancellation=True, request_factory=_request, access_log=None, keepalive_timeout=3600
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        host, port = self._address
        try:
            await web.TCPSite(self._runner, host, port, ssl_context=self._ssl_context, backlog=1024).start()
        except OSError:
            await self._runner.cleanup()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The address to ask, without a slash at the end; raises RuntimeError before the start."""
        if self._runner is None:
            raise RuntimeError("the simulator is not running: use it in `async with`")
        host, port = self._runner.addresses[0][:2]
        scheme = "http" if self._ssl_context is None else "https"
        return f"{scheme}://{_ANY_ADDRESS.get(host) or (f'[{host}]' if ':' in host else host)}:{port}"

    @property
    def lookups(self) -> list[AnsweredLookup]:
        """The newest lookups that were answered, oldest first, at most 100,000."""
        return list(self._journal.answered)

    def stats(self) -> Stats:
        """Give the counters of all lookups."""
        return self._journal.stats()

    def send(self, message: Message) -> None:
        """Give the provider a message, whose life cycle starts at its `sent_at`, or now."""
        self._ledger.send(message, self._clock())

    def send_many(self, messages: Iterable[Message]) -> None:
        """Give the provider messages, all at the same instant."""
        now = self._clock()
        for message in messages:
            self._ledger.send(message, now)

    def send_call(self, call: VoiceCall) -> None:
        """Give the voice provider a call, whose life starts at its `sent_at`, or now."""
        self._calls.place(call, self._clock())

    def send_calls(self, calls: Iterable[VoiceCall]) -> None:
        """Give the voice provider calls, all at the same instant."""
        now = self._clock()
        for call in calls:
            self._calls.place(call, now)

    def handed_out(self) -> tuple[HandedOut, ...]:
        """Give every voice report that was handed out, in order, also those that a fault cut off in flight."""
        return self._infobip.handed_out()

    def unread(self) -> int:
        """Count the voice reports that are there to be read."""
        return self._calls.unread(self._clock())

    def call_truth(self) -> dict[str, CallTruth]:
        """Give the truth about every call by message id."""
        return {placed.call.message_id: call_truth(placed) for placed in self._calls.all()}

    def truth(self) -> dict[str, Truth]:
        """Give the truth about every message, sent or invented, by message id."""
        return {sent.message.message_id: truth_of(sent) for sent in self._ledger.all()}

    def knew_at(self, message_id: str) -> dict[str, float]:
        """Give when the provider knows each outcome of a message or call, also in the future, in epoch seconds.

        What never happens is left out. Raises KeyError for an id that was neither sent nor invented.
        """
        sent = self._ledger.known(message_id)
        if sent is not None:
            return truth_of(sent).knew_at()
        placed = self._calls.known(message_id)
        if placed is None:
            raise KeyError(message_id)
        return call_truth(placed).knew_at()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        if path.startswith(CONTROL_PREFIX):
            return await control(self, request, path, query)
        call = Call(method=request.method, path=path, query=query, headers=request.headers)
        lookup = self._recognised(call)
        self._journal.arrived(lookup.account, asyncio.get_running_loop().time())
        try:
            return await self._answered(request, path, lookup)
        finally:
            self._journal.left(lookup.account)

    def _recognised(self, call: Call) -> Lookup:
        for provider in self._providers:
            lookup = provider(call)
            if lookup is not None:
                return lookup
        return _NOBODYS

    async def _answered(self, request: web.BaseRequest, path: str, lookup: Lookup) -> web.StreamResponse:
        fault = self.faults.take(lookup.ids, lookup.account)
        delay_seconds = self._latency_seconds + (0 if fault is None else fault.delay_seconds)
        if delay_seconds:
            await asyncio.sleep(delay_seconds)
        if fault is None:
            response = lookup.respond(self._clock())
            self._note(path, lookup, response.status)
            return plain(response)
        return await self._misbehave(request, path, lookup, fault)

    async def _misbehave(self, request: web.BaseRequest, path: str, lookup: Lookup, fault: Fault) -> web.StreamResponse:
        response = spoiled(fault, lookup, self._clock())
        self._note(path, lookup, NO_STATUS if fault.kind in SILENT else response.status)
        return await deliver(request, response, fault)

    def _note(self, path: str, lookup: Lookup, status: int) -> None:
        message_id = lookup.ids[-1] if lookup.ids else None
        self._journal.note(
            AnsweredLookup(
                time=self._clock(), path=path, status=int(status), message_id=message_id, account=lookup.account
            )
        )


async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8090,
    speed: float = 1.0,
    seed: int = 0,
    unknown: Unknown = "invent",
    hyber: HyberSite | None = None,
    infobip: InfobipSite | None = None,
    announce: Callable[[str], None] = lambda _url: None,
) -> None:
    """Run a simulator until SIGINT or SIGTERM; `announce` gets its url once it answers.

    Raises OSError if the address is taken and ValueError for a speed that is not above 0.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        async with Simulator(
            host, port, speed=speed, seed=seed, unknown=unknown, hyber=hyber, infobip=infobip
        ) as simulator:
            announce(simulator.url)
            await stopped.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _nobodys_answer(_now: float) -> Response:
    return error_response(404, "no provider has this path")


_NOBODYS: Final = Lookup(account="", ids=(), respond=_nobodys_answer, error=error_response)


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_CONTROL_BODY_BYTES)
