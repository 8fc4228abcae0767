"""Runs a relay that forgets one event in fifty before it commits: the checker must find it out."""

import itertools
import sys
from collections.abc import Sequence
from typing import Any

from relay import app
from relay.commands import main
from relay.kafka.records import Outgoing
from tests.slot.failpoints import EventCounter, install

ONE_IN = 50


class LossyCommitter(EventCounter):
    """The relay's committer, with holes."""

    _number = itertools.count(1)

    async def commit(self, member: Any, records: Sequence[Outgoing], offsets: Any) -> None:
        """Commit what is left of the records."""
        await super().commit(member, [record for record in records if not self._is_lost(record)], offsets)

    def _is_lost(self, record: Outgoing) -> bool:
        return bool(record.headers) and next(self._number) % ONE_IN == 0


if __name__ == "__main__":
    install()
    setattr(app, "Committer", LossyCommitter)  # noqa: B010 - the seam: a name of the module
    main(sys.argv[1:])
