"""What a provider that hands reports out by the page gives: the reports of one body, and what can't be read in it."""

from collections.abc import Callable

from relay.core.model import Report
from relay.core.values import value_object


@value_object(frozen=True, kw_only=True)
class UnreadableReport:
    """An element of a page that can't be read: its own bytes, and the field that is to blame, without its value."""

    body: bytes
    reason: str


@value_object(frozen=True, kw_only=True)
class Page:
    """What a page holds. `count` is how many elements came, readable or not: a page with `limit` of them is full.

    `broken`: from some element on nothing of it can be read.
    """

    reports: tuple[Report, ...]
    unreadable: tuple[UnreadableReport, ...]
    count: int
    broken: bool = False


ReadPage = Callable[[bytes, str | None], Page]
"""Reads a body, by its content type, into what it holds."""
