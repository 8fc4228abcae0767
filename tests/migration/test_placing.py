"""Where a stored state belongs: the slot that its message's requests go to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.configuration import TopicSettings
from relay.core.items import Requested
from relay.kafka.partitions import partition_of
from relay.slot.keys import account_key, shard_of_state, state_key, unread_key
from relay.slot.publishing import Publishing
from tests.builders import a_request

ACCOUNTS = st.from_regex(r"[a-z](_?[a-z0-9]){0,8}", fullmatch=True)
IDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
PARTITIONS = st.integers(1, 50)


def publishing(partitions: int, *collected: str) -> Publishing:
    """Return what places requests, with so many partitions of the inbox."""
    made = Publishing(TopicSettings(), collected)
    made.partitions_are({TopicSettings().inbox: partitions})
    return made


@given(account=ACCOUNTS, id_=IDS, by_extra_id=st.booleans(), collected=st.booleans(), partitions=PARTITIONS)
def test_a_state_belongs_where_its_requests_go(
    account: str, id_: str, partitions: int, *, by_extra_id: bool, collected: bool
) -> None:
    """Whatever the id, the kind of account and the number of partitions."""
    ids = {"message_id": None, "extra_id": id_} if by_extra_id else {"message_id": id_}
    request = a_request(account=account, **ids)
    accounts = (account,) if collected else ()
    placed = publishing(partitions, *accounts).inbox_records([Requested(request=request)])[0]
    assert partition_of(shard_of_state(state_key(request), accounts), partitions) == placed.partition


@given(account=ACCOUNTS, bulk_id=st.none() | IDS)
def test_what_is_stored_of_a_collected_account_belongs_to_its_slot(account: str, bulk_id: str | None) -> None:
    """Its intent and gaps, and requests for what is unread."""
    assert shard_of_state(account_key(account), ()) == account.encode()
    assert shard_of_state(unread_key(account, bulk_id), {account}) == account.encode()


@pytest.mark.parametrize("key", [b"message", b"other/main/m-1", b"lookup/main/bulk/1", b"\xff/main/1", b""])
def test_what_is_no_key_of_a_state_is_refused(key: bytes) -> None:
    """Nothing is placed by guessing."""
    with pytest.raises(ValueError, match=r".+"):
        shard_of_state(key, ())
