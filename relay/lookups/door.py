"""One account's way to its provider: every response and failure passes here, moves the gate, and is told once."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from relay.core.items import Unanswered
from relay.lookups.gate import REFUSED_SECONDS, Closed, Gate
from relay.lookups.http import Http, HttpFailure, HttpRequest, HttpResponse
from relay.lookups.reading import Sense, retry_after_seconds, sense_of
from relay.observe.lines import Line
from relay.observe.metrics import Metrics

TOO_MANY_REQUESTS = 429
LAPSED_SECONDS = 60.0  # after its end a pause that is still in force has been tried
SPREAD_SECONDS = 1.0  # how far apart lookups come back after a closure; the pace spreads them further

log = structlog.get_logger("relay.lookups")

Tell = Callable[[str, int | None, str | None], None]
"""Called with why, the HTTP status and more words, where there are any, when a request failed and no pause tells."""


class Door:
    """Asks by HTTP; what comes of it opens or closes `gate`, and log and metrics say so."""

    def __init__(self, account: str, *, http: Http, gate: Gate, metrics: Metrics) -> None:
        self.gate = gate
        self._account = account
        self._http = http
        self._metrics = metrics

    async def get(self, request: HttpRequest, tell: Tell) -> HttpResponse:
        """Return the response, whatever its status.

        Raises:
            HttpFailure: no whole response came.

        """
        try:
            response = await self._http.get(request)
        except HttpFailure as failure:
            self._unavailable(failure.kind.value, None, tell, failure.detail)
            raise
        match sense_of(response.status):
            case Sense.READ:
                if self.gate.disturbed:
                    self._answered()
            case Sense.REFUSED:
                self._refused(response.status)
            case Sense.THROTTLED:
                self._throttled(response)
            case Sense.UNAVAILABLE if response.retry_after is None:
                self._unavailable("server_error", response.status, tell)
            case Sense.UNAVAILABLE:
                self._throttled(response)
        return response

    @property
    def passes(self) -> bool:
        """Whether a request may start now, as far as pauses go."""
        return self.gate.passes(time.monotonic())

    @property
    def closed_seconds(self) -> float:
        """How long the gate stays closed; 0 if it is open."""
        return max(0.0, self.gate.until - time.monotonic()) if self.gate.closed else 0.0

    def failed(self) -> Unanswered:
        """Return what a lookup without a response ended in."""
        return Unanswered(asked=True, not_before=self._again_at())

    def unanswered(self, response: HttpResponse) -> Unanswered | None:
        """Return what a lookup ended in whose response is no answer by its status; None: read it."""
        match sense_of(response.status):
            case Sense.READ:
                return None
            case Sense.REFUSED:
                return Unanswered(asked=True, held=True, not_before=self._again_at())
            case _:  # one that is turned away hasn't been asked
                return Unanswered(asked=response.status != TOO_MANY_REQUESTS, not_before=self._again_at())

    def _again_at(self) -> datetime | None:
        """Return when it may be asked again, spread so that not all come back at once; None: as ever."""
        if not self.gate.closed:
            return None
        spread = random.random() * SPREAD_SECONDS  # noqa: S311 - no secret
        return datetime.now(UTC) + timedelta(seconds=self.closed_seconds + spread)

    def _answered(self) -> None:
        if self.gate.answered(time.monotonic()):
            self._show(None)
            log.info(Line.ACCOUNT_RESUMED, account=self._account)

    def _refused(self, status: int) -> None:
        if self.gate.refused(time.monotonic()):
            self._show(Closed.REFUSED)
            log.error(
                Line.ACCOUNT_PAUSED,
                account=self._account,
                why="the provider refuses the credentials",
                status=status,
                seconds=REFUSED_SECONDS,
                fix=f"correct the credentials of accounts.{self._account.partition('/')[0]}; "
                "messages stay pending meanwhile",
            )

    def _throttled(self, response: HttpResponse) -> None:
        news = self.gate.closed is not Closed.THROTTLED
        self.gate.throttled(time.monotonic(), retry_after_seconds(response.retry_after, datetime.now(UTC)))
        if news:
            self._show(Closed.THROTTLED)
            log.warning(
                Line.ACCOUNT_PAUSED,
                account=self._account,
                why="too many requests" if response.status == TOO_MANY_REQUESTS else "the provider asks to wait",
                status=response.status,
                seconds=round(self.gate.until - time.monotonic(), 3),
            )

    def _unavailable(self, why: str, status: int | None, tell: Tell, detail: str | None = None) -> None:
        was_open = self.gate.closed is None
        if self.gate.failed(time.monotonic()) and was_open:
            self._show(Closed.UNAVAILABLE)
            seconds = round(self.gate.until - time.monotonic(), 3)
            log.warning(
                Line.BREAKER_OPENED, account=self._account, why=why, status=status, detail=detail, seconds=seconds
            )
        else:
            tell(why, status, detail)

    def show_pause(self, monotonic: float) -> None:
        """Show the pause; one that is long over is none: nobody asks, or another process has the account now."""
        self._show(self.gate.closed if monotonic < self.gate.until + LAPSED_SECONDS else None)

    def _show(self, closed: Closed | None) -> None:
        for reason in Closed:
            self._metrics.account_paused.labels(self._account, reason.value).set(reason is closed)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
