"""What is stored of a message: without what its key says, and readable whatever else it says."""

import pytest

from relay.slot.codec import UnreadableInternal, decode_state, encode_state
from relay.slot.keys import message_key
from tests.builders import a_state


@pytest.mark.parametrize("message_id", ["m-1", 'a/"quoted"\\ id', "żółć/ñ"])
def test_the_message_id_stands_in_the_key_alone(message_id: str) -> None:
    """A pending message lies in memory for days, so each byte counts; and it comes back whole."""
    state = a_state(message_id=message_id)
    value = encode_state(state)
    assert b"message_id" not in value
    assert decode_state(message_key("hyber_main", message_id), value) == state


def test_an_extra_id_is_no_message_id() -> None:
    """What is known by an extra_id alone has no message_id, and its key gives it none."""
    state = a_state(message_id=None, extra_id="e-1")
    assert decode_state(b"lookup/hyber_main/extra/e-1", encode_state(state)) == state


@pytest.mark.parametrize("key", [b"message/", b"message/main", b"message/main/\xff"])
def test_a_key_that_is_none_of_a_state_is_refused(key: bytes) -> None:
    """Somebody else wrote it."""
    with pytest.raises(UnreadableInternal):
        decode_state(key, encode_state(a_state()))
