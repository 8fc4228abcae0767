"""What a process wrote to the inbox and reads back: the same request as its record's bytes tell, each once."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from relay.configuration import TopicSettings
from relay.core.instants import to_milliseconds
from relay.core.items import Requested
from relay.core.model import Request, RequestKind
from relay.slot.codec import decode_requested, encode_requested
from relay.slot.publishing import Publishing
from relay.slot.recent import KEPT, Recent
from tests.builders import a_request
from tests.strategies import texts

INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC)).map(to_milliseconds)  # noqa: DTZ001 - Hypothesis adds the zone
REQUESTS = st.builds(
    Request,
    kind=st.sampled_from(RequestKind),
    account=texts,
    received_at=INSTANTS,
    anchor_at=INSTANTS,
    expires_at=INSTANTS,
    message_id=st.none() | texts,
    extra_id=st.none() | texts,
    bulk_id=st.none() | texts,
    recipient=st.none() | texts,
    channels=st.lists(texts, max_size=3).map(tuple),
    detail=st.sampled_from(["simple", "advanced"]),
    limit=st.none() | st.integers(1, 1000),
    follow=st.booleans(),
    republish=st.booleans(),
    request_id=st.none() | texts,
    correlation_id=st.none() | texts,
    trace=st.none() | texts,
)


@given(request=REQUESTS)
def test_what_is_read_back_is_what_its_record_tells(request: Request) -> None:
    """Whoever reads the record decodes an equal request, so it makes no difference which process reads it."""
    item = Requested(request=request)
    value = encode_requested(item)
    recent = Recent()
    recent.wrote([(value, item)])
    assert recent.read(bytes(value)) == decode_requested(value)


def test_each_is_given_once() -> None:
    """A record that comes again is decoded as any other; so is one that somebody else wrote."""
    publishing = Publishing(TopicSettings())
    publishing.partitions_are(dict.fromkeys(publishing.needed, 12))
    items = [Requested(request=a_request(message_id=f"m-{number}")) for number in range(3)]
    values = [record.value for record in publishing.inbox_records(items)]
    assert [publishing.recent.read(value) for value in values] == items
    assert [publishing.recent.read(value) for value in [*values, b"{}", None]] == [None] * 5


def test_those_that_others_read_are_forgotten() -> None:
    """A process that owns no slot reads none back, and keeps few all the same."""
    recent, item = Recent(), Requested(request=a_request())
    batch, count = 1000, 20_000
    for first in range(0, count, batch):
        recent.wrote([(b"%d" % number, item) for number in range(first, first + batch)])
    kept = [number for number in range(count) if recent.read(b"%d" % number)]
    assert KEPT <= len(kept) <= 2 * KEPT + batch
    assert kept == list(range(count))[-len(kept) :]
