"""Holds what was published against what the simulated providers know, and their counters against the limits.

It reads the simulator and a read_committed reader's records, and nothing of the relay's own.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from relay.simulator.infobip_ledger import Placed
from relay.simulator.infobip_truth import HandedOut
from relay.simulator.server import Simulator
from relay.simulator.truth import Truth, truth_of
from tests.checking import check, due
from tests.checking_calls import check_calls, types_of

HYBER, DRAINS, LOG = "hyber/1021", "infobip/login", "infobip/login/logs"
LOGS_A_MINUTE = 120
DRAINS_AT_ONCE = 2  # one, and one more of an owner that was frozen during its request
EVEN = 1.03  # arrivals are a little less even than departures


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong, each as `id: detail`; `exceeded` tells of the accounts' limits."""

    lost: tuple[str, ...] = ()
    duplicated: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    disordered: tuple[str, ...] = ()
    contradictory: tuple[str, ...] = ()
    exceeded: tuple[str, ...] = ()

    def __add__(self, other: Self) -> "Verdict":
        """Put two together."""
        return Verdict(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)})

    @property
    def counts(self) -> dict[str, int]:
        """Return how many there are of each."""
        return {name: len(found) for name, found in asdict(self).items()}


CLEAN = Verdict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the account of the messages allows, over all replicas."""

    concurrency: int
    rate_per_second: int


def judge(
    simulator: Simulator,
    events: Sequence[Mapping[str, Any]],
    *,
    messages: Collection[str] | None = None,
    calls: Collection[str] | None = None,
) -> Verdict:
    """Compare the events with the truth about these messages and calls, or about all there ever were.

    Every event must be of one of these: what else was published is contradictory.
    """
    hyber = [event for event in events if event["provider"] == "hyber"]
    voice = [event for event in events if event["provider"] != "hyber"]
    return _judged_messages(truths(simulator, messages), hyber) + _judged_calls(simulator, voice, calls)


def truths(simulator: Simulator, ids: Collection[str] | None) -> dict[str, Truth]:
    """Return the truth about messages, all if none are named."""
    if ids is None:
        return simulator.truth()
    found = {message_id: simulator._ledger.known(message_id) for message_id in ids}
    return {message_id: truth_of(sent) for message_id, sent in found.items() if sent is not None}


def expected(simulator: Simulator, messages: Collection[str], calls: Collection[str]) -> set[tuple[str, str]]:
    """Return what is to be published of them, as pairs of id and type."""
    pairs = {(key, kind) for key, truth in truths(simulator, messages).items() for kind in due(truth)}
    spoken = types_of(report for placed in _placed(simulator, calls) for report in _reports(placed))
    return pairs | {(key, kind) for key, kinds in spoken.items() for kind in kinds}


def _judged_messages(known: Mapping[str, Truth], events: Sequence[Mapping[str, Any]]) -> Verdict:
    inferred = tuple(
        f"{event['message_id']}: failed inferred" for event in events if event["inferred"] and event["type"] == "failed"
    )
    found = check(known, events)
    return Verdict(**asdict(found)) + Verdict(contradictory=inferred)


def _judged_calls(simulator: Simulator, events: Sequence[Mapping[str, Any]], calls: Collection[str] | None) -> Verdict:
    """Hold calls to all that the provider knows of them: its log may tell of one before its report is handed out."""
    said = [report for placed in _placed(simulator, calls) for report in _reports(placed)]
    return Verdict(**asdict(check_calls(said, events, now=time.time())))


def _placed(simulator: Simulator, ids: Collection[str] | None) -> list[Placed]:
    if ids is None:
        return list(simulator._calls.all())
    return [placed for key in ids if (placed := simulator._calls.known(key)) is not None]


def _reports(placed: Placed) -> Iterator[HandedOut]:
    """Give every report of a call as if it had been handed out whole; none of them may stay unpublished."""
    for number, report in enumerate(placed.reports):
        if report.ending is not None:
            yield HandedOut(
                message_id=placed.call.message_id,
                bulk_id=placed.call.bulk_id,
                status_id=report.ending.status.id,
                error_id=report.ending.error.id,
                sent_at=placed.sent_at,
                done_at=report.at,
                handed_out_at=report.at,
                drain=number,
                in_log_until=float("inf"),
            )


def busiest(simulator: Simulator) -> dict[str, int]:
    """Return the most of everything that is limited since the last call, and begin anew."""
    stats, journal = simulator.stats(), simulator._journal
    most = {
        "lookups in flight": stats.max_in_flight_by_account.get(HYBER, 0),
        "lookups in a second": stats.max_per_second.get(HYBER, 0),
        "drains in flight": stats.max_in_flight_by_account.get(DRAINS, 0),
        "log requests in a minute": stats.max_per_minute.get(LOG, 0),
    }
    for counted in (journal._max_in_flight_by_account, journal._in_second.most, journal._in_minute.most):
        counted.clear()
    return most


def exceeded(most: Mapping[str, int], limits: Limits) -> Verdict:
    """Name the limits that were not kept."""
    allowed = {
        "lookups in flight": limits.concurrency,
        "lookups in a second": limits.rate_per_second * EVEN,
        "drains in flight": DRAINS_AT_ONCE,
        "log requests in a minute": LOGS_A_MINUTE,
    }
    over = tuple(f"{what}: {most[what]} of {limit:g}" for what, limit in allowed.items() if most[what] > limit)
    return Verdict(exceeded=over)
