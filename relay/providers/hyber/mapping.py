"""Hyber's codes in the relay's words, as tables. Provenance and confidence of each row: README.md in this folder."""

from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType

from relay.core.model import Category, Outcome, Reason
from relay.providers.hyber.wire import HyberReport

PLATFORM = "hyber"  # stands where a channel's name is expected while there is no channel
UNKNOWN_CHANNEL = "unknown"
SEEN_CHANNELS = frozenset({"viber", "whatsapp"})  # "including seen statuses for Viber and WhatsApp channels"

_PENDING = Outcome.PENDING
OUTCOMES = MappingProxyType(
    {
        -1: Outcome.PENDING,  # not sent to any channel, or no final status yet
        1: Outcome.PENDING,  # in process of delivery
        2: Outcome.DELIVERED,
        3: Outcome.FAILED,
    }
)
SUBSTATUSES = MappingProxyType(
    {
        10: None,  # with status 1; meaning not public
        11: None,  # sending started
        12: None,  # accepted for processing
        23: None,  # delivered
        24: None,  # seen: assumed, see HyberCodes.seen_substatus
        26: Category.EXPIRED,  # not delivered within its time to live
        28: None,  # meaning not public
        35: Category.EXPIRED,
        36: Category.REJECTED,  # error while sending, or rejected
    }
)
HYBER_STATUSES = MappingProxyType(
    {
        35015: Category.EXPIRED,
        36024: Category.INVALID_RECIPIENT,  # "Phone number incorrect"
    }
)


def outcome_of(report: HyberReport) -> Outcome:
    """Return the outcome by `status` alone; a status that nobody has seen counts as pending."""
    return OUTCOMES.get(report["status"], _PENDING)


def channel_of(report: HyberReport) -> str:
    """Return the channel a report is about; the platform's own name is no channel."""
    return _channel(report["last_partner"] or "")


@lru_cache(maxsize=256)
def _channel(partner: str) -> str:
    name = partner.strip().lower()
    return UNKNOWN_CHANNEL if name in ("", PLATFORM) else name


def reason_of(report: HyberReport) -> Reason:
    """Return why a channel failed: the detailed code says more than the coarse one."""
    return _reason(report["status"], report["substatus"], report["hyber_status"])


@lru_cache(maxsize=1024)
def _reason(status: int, substatus: int | None, hyber_status: int | None) -> Reason:
    category = HYBER_STATUSES.get(hyber_status or 0) or SUBSTATUSES.get(substatus or 0)
    code = hyber_status if hyber_status is not None else substatus
    return Reason(category=category or Category.UNKNOWN, code=str(code if code is not None else status))


def unmapped_in(report: HyberReport, seen_substatus: tuple[int, ...]) -> tuple[str, ...]:
    """Return the names of the fields whose codes stand in no table (`hyber_status` has no public list to compare)."""
    substatus = report["substatus"]
    names = () if report["status"] in OUTCOMES else ("status",)
    if substatus is not None and substatus not in SUBSTATUSES and substatus not in seen_substatus:
        return (*names, "substatus")
    return names


@lru_cache(maxsize=1024)  # the parts of an answer tell the same one
def instant_of(milliseconds: int | None) -> datetime | None:
    """Return the instant of an epoch time in milliseconds, None where it is missing or no date can be made of it."""
    if milliseconds is None or milliseconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None
