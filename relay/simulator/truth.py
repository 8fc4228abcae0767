"""Says when the provider itself knew each outcome of a message, whatever it was asked and whatever faults hid it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from relay.simulator.messages import DELIVERED, FAILED, SEEN_SUBSTATUS, Happening, Sent

Outcome = Literal["delivered", "failed", "pending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The whole life of one message in epoch seconds, also what is still to come; None is what never happens.

    `outcome` is the final one: a delivery outweighs a failure, and `seen` implies a delivery.
    """

    message_id: str
    extra_id: str | None
    sent_at: float
    readable_at: float
    delivered_at: float | None
    seen_at: float | None
    failed_at: float | None
    outcome: Outcome

    def knew_at(self) -> dict[str, float]:
        """Give the instants of `delivered`, `seen` and `failed`, without those that never happen."""
        instants = {"delivered": self.delivered_at, "seen": self.seen_at, "failed": self.failed_at}
        return {name: at for name, at in instants.items() if at is not None}


def truth_of(sent: Sent) -> Truth:
    """Read the truth off a message's life cycle."""
    conclusions = [happening for happening in sent.happenings if happening.conclusive]
    delivered = _first(found for found in conclusions if _is_delivery(found))
    seen = _first(found for found in conclusions if _is_seen(found))
    failed = _first(found for found in conclusions if found.step.status == FAILED)
    arrived = delivered is not None or seen is not None
    return Truth(
        message_id=sent.message.message_id,
        extra_id=sent.message.extra_id,
        sent_at=sent.sent_at,
        readable_at=sent.readable_at,
        delivered_at=delivered,
        seen_at=seen,
        failed_at=failed,
        outcome="delivered" if arrived else "pending" if failed is None else "failed",
    )


def _is_delivery(found: Happening) -> bool:
    return found.step.status == DELIVERED and found.step.substatus != SEEN_SUBSTATUS


def _is_seen(found: Happening) -> bool:
    return found.step.status == DELIVERED and found.step.substatus == SEEN_SUBSTATUS


def _first(found: Iterable[Happening]) -> float | None:
    return next((happening.at for happening in found), None)
