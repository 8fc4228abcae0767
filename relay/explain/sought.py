"""Which records of the input topics must be there, by what came of them: an accepted request, or a dead letter."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from relay.core.model import RequestKind
from relay.explain.entries import Found
from relay.explain.inputs import fields_of
from relay.explain.letters import Lettered
from relay.explain.names import ids_in
from relay.slot.codec import UnreadableInternal, decode_requested

INPUTS = ("fetch_requests", "messages_sent")
_OF_KIND = {RequestKind.FETCH: "fetch_requests", RequestKind.SENT: "messages_sent"}
_Key = tuple[str, object, str | None, str | None, object]


def accepted(records: Iterable[Found]) -> Counter[_Key]:
    """Count the requests in the inbox that came from an input topic, by what they say; no forwarded ones."""
    counted: Counter[_Key] = Counter()
    for found in records:
        if found.topic != "inbox":
            continue
        try:
            item = decode_requested(found.value)
        except UnreadableInternal:
            continue
        if not item.forwarded:
            request = item.request
            counted[
                _OF_KIND[request.kind], request.account, request.message_id, request.extra_id, request.request_id
            ] += 1
    return counted


def all_found(records: Sequence[Found], letters: Iterable[Lettered], names: Mapping[str, str]) -> bool:
    """Tell whether there is an input for each accepted request, and the refused record of each dead letter."""
    inputs = [found for found in records if found.topic in INPUTS]
    topics = {names[topic] for topic in INPUTS}
    refused = {(one.topic, one.partition, one.offset) for one in (each.letter.source for each in letters)}
    places = {(found.name, found.partition, found.offset) for found in inputs}
    lost = {place for place in refused if place[0] in topics} - places
    return not lost and not accepted(records) - Counter(map(_key, inputs))


def _key(found: Found) -> _Key:
    fields = fields_of(found.value or b"") or {}
    request_id = fields.get("request_id") if found.topic == "fetch_requests" else None
    return found.topic, _text(fields.get("account")), *ids_in(fields), _text(request_id)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
