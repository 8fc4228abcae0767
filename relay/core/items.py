"""What a slot is told of a message, item by item: a request, what a lookup or a drain brought, or the end."""

from datetime import datetime
from enum import IntEnum

from relay.core.model import Event, MessageState, Report, Request
from relay.core.values import value_object


class Seen(IntEnum):
    """What a slot has seen of a message's lookups since it owns the message; it only rises."""

    NOTHING = 0
    ASKED = 1  # an attempt was made
    MISSING = 2  # the provider answered that it doesn't know the id
    FOUND = 3  # the provider knows the id


@value_object(frozen=True, kw_only=True)
class Answered:
    """The provider answered: with a report, or that it has none (yet); `found` is false if it doesn't know the id."""

    report: Report | None
    found: bool = True


@value_object(frozen=True, kw_only=True)
class Unanswered:
    """No usable answer. `asked`: an attempt was made; `held`: the account is closed to us, so nothing may expire."""

    asked: bool
    held: bool = False
    not_before: datetime | None = None


@value_object(frozen=True, kw_only=True)
class Requested:
    """A request reached its slot; a forwarded one brings a report and what was already published of the message."""

    request: Request
    report: Report | None = None
    published: tuple[Event, ...] = ()

    @property
    def forwarded(self) -> bool:
        """Whether another slot sent it, with what it knows of the message; few are."""
        return self.report is not None or bool(self.published)


@value_object(frozen=True, kw_only=True)
class Collected:
    """A report was handed out with others, whether anybody asked about its message or not.

    `asked`: the request for its bulk that the drain was for.
    """

    report: Report
    asked: MessageState | None = None


@value_object(frozen=True, kw_only=True)
class Fulfilled:
    """A drain that was wanted came to its end: whatever it could bring of the message was decided before."""


@value_object(frozen=True, kw_only=True)
class Forgotten:
    """The time to remember a finished message is over."""


Item = Requested | Answered | Unanswered | Collected | Fulfilled | Forgotten
