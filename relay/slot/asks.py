"""What a slot needs of those who look messages up."""

from typing import TYPE_CHECKING, Protocol

from relay.core.schedule import Urgency

if TYPE_CHECKING:
    from relay.slot.slot import Slot


class Cancellable(Protocol):
    """A lookup on its way; `may_hurry` while it waits behind new requests."""

    @property
    def may_hurry(self) -> bool:
        """Tell whether it would start earlier if it were asked for as that of a new request."""
        ...

    def cancel(self) -> None:
        """Forget it."""
        ...


class Asks(Protocol):
    """Where a slot puts its questions."""

    def ask(self, account: str, asker: "Slot", key: bytes, *, due: float, urgency: Urgency) -> Cancellable | None:
        """Queue a lookup; None if its account isn't configured."""
        ...
