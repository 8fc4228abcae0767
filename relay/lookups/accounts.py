"""All accounts' lookups of a process: hands each question to its account, and each account its share."""

from collections.abc import Coroutine, Iterator, Mapping, Sequence
from typing import Any

from relay.core.schedule import Urgency
from relay.lookups.account import AccountLookups
from relay.lookups.collected import CollectedAccount
from relay.lookups.log import LogLookups
from relay.lookups.tickets import Asker, Ticket

Lookups = AccountLookups | LogLookups


class Accounts:
    """The accounts by name. `partitions`: how many slots there are over all processes.

    Of a collected account the messages are looked up in its log.
    """

    def __init__(
        self, accounts: Mapping[str, Lookups], collected: Sequence[CollectedAccount] = (), *, partitions: int
    ) -> None:
        self._accounts = accounts
        self._collected = collected
        self._partitions = partitions
        self._doors = [each.door for each in (*accounts.values(), *collected)]

    def runs(self) -> Iterator[Coroutine[Any, Any, None]]:
        """Give each account's work: it looks things up for ever, and an error in it must end the process."""
        for account in self._accounts.values():
            yield account.run()

    def ask(self, account: str, asker: Asker, key: bytes, *, due: float, urgency: Urgency) -> Ticket | None:
        """Queue a lookup; return what cancels it, None if its account isn't configured."""
        lookups = self._accounts.get(account)
        return None if lookups is None else lookups.ask(asker, key, due=due, urgency=urgency)

    def share(self, owned: int) -> None:
        """Use the part of every account's limits that belongs to so many owned slots."""
        for account in self._accounts.values():
            account.share(owned / self._partitions)

    @property
    def waiting(self) -> int:
        """How many lookups wait in queues."""
        return sum(account.waiting for account in self._accounts.values())

    @property
    def oldest_due(self) -> float | None:
        """Since when the first queued lookup is due, in epoch seconds."""
        dues = [account.oldest_due for account in self._accounts.values()]
        return min((due for due in dues if due is not None), default=None)

    def in_flight(self) -> dict[str, int]:
        """Return how many requests each account has in flight."""
        return {name: account.in_flight for name, account in self._accounts.items()}

    def show_pauses(self, monotonic: float) -> None:
        """Keep the metric of pauses true for accounts that nobody asks any more."""
        for door in self._doors:
            door.show_pause(monotonic)

    async def stop(self) -> None:
        """Close all connections."""
        for account in (*self._accounts.values(), *self._collected):
            await account.close()
