"""Hypothesis strategies that several suites share; what they draw is named for what it is in the contract."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from relay.contracts.dead_letter import RejectedRecord
from relay.contracts.status_changed import Attempt, Call, Price, Reason, SmsParts, StatusChanged
from relay.core import model
from relay.core.items import Answered, Forgotten, Unanswered
from relay.core.model import Engagement, Outcome, Report

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
"""Text that UTF-8 can carry, with control characters and everything beyond ASCII."""
instants = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
uuids = st.uuids().map(str)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)

instant_texts = st.sampled_from(
    [
        "2026-11-22T08:00:00Z",
        "2026-11-22t08:00:00.5z",
        "2026-11-22T08:00:00+02:00",
        "2026-11-22T08:00:00-00:00",
        "2026-11-22T08:00:00.1234567890Z",
        "1970-01-01T00:00:00+23:59",
        "2999-12-31T23:59:59-23:59",
        "2024-02-29T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T08:00:60Z",
        "2026-11-22T08:00:00",
        "2026-11-22 08:00:00Z",
        "2026-11-22T08:00:00+24:00",
        "2026-11-22T08:00:00+0200",
        "2026-11-22T08:00Z",
        "2026-W47-7T08:00:00Z",
        "٢٠٢٦-11-22T08:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59Z",
        "3000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "",
    ]
)
"""Right and wrong spellings of an instant."""
awkward_values = st.one_of(
    st.sampled_from(["a", "", ".", "..", "...", "a\x00b", "a\n", "\x7f", "\x80", "😀" * 64, "x" * 65, "x" * 128]),
    st.sampled_from(["x" * 129, "x" * 256, "x" * 257, "5", "true", "simple", "advanced", "SIMPLE"]),
    st.sampled_from([None, True, False, 0, 1, -1, 5.0, 1.5, 1000, 1001, 2**31 - 1, 2**31, 2**63, 2**64, 1e300]),
    st.sampled_from([[], ["sms"], ["sms", ""], ["sms", 1], ["x" * 65], ["a"] * 32, ["a"] * 33, [None], {}, {"a": 1}]),
    instant_texts,
)
"""Values around the edges of every rule of the input contract, and of the wrong JSON type."""


def _objects(valid: dict[str, Any], *others: str) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a valid object with some fields replaced, removed or added."""
    names = st.sampled_from([*valid, *others, "not_in_the_contract"])
    changes = st.dictionaries(names, awkward_values, max_size=3)
    removals = st.lists(names, max_size=1)
    return st.builds(
        lambda changed, removed: {k: v for k, v in (valid | changed).items() if k not in removed}, changes, removals
    )


fetch_request_objects = _objects(
    {"request_id": "req-1", "account": "hyber_main", "message_id": "m-1"},
    *("extra_id", "bulk_id", "detail", "limit", "follow", "republish", "expires_at", "correlation_id"),
)
message_sent_objects = _objects(
    {"account": "hyber_main", "message_id": "m-1", "sent_at": "2026-11-22T08:00:00Z"},
    *("extra_id", "bulk_id", "recipient", "channels", "ttl_seconds", "correlation_id"),
)

_readable = texts.map(str.encode)
_any_bytes = st.none() | st.binary(max_size=60) | _readable
_names = texts | st.binary(max_size=9).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
rejected_records = st.builds(
    RejectedRecord,
    topic=st.just("messages.sent.v1"),
    partition=st.integers(0, 2**31 - 1),
    offset=st.integers(0, 2**63 - 1),
    timestamp=st.none() | st.integers(-(2**63), 2**63 - 1),
    key=_any_bytes,
    value=_any_bytes,
    headers=st.lists(st.tuples(_names, _any_bytes), max_size=4),
)
"""Kafka entries of any bytes, with tombstones, null keys, null and repeated headers, and names that are not UTF-8."""

_words = texts.filter(bool)
_reasons = st.builds(
    Reason,
    category=_words,
    code=st.none() | texts,
    name=st.none() | texts,
    description=st.none() | texts,
    permanent=st.none() | st.booleans(),
)
_attempts = st.builds(
    Attempt, channel=_words, status=_words, occurred_at=st.none() | instants, reason=st.none() | _reasons
)
_calls = st.builds(
    Call,
    outcome=_words,
    duration_seconds=st.none() | st.integers(),
    charged_seconds=st.none() | st.integers(),
    started_at=st.none() | instants,
    answered_at=st.none() | instants,
    ended_at=st.none() | instants,
    dtmf=st.none() | texts,
)
_amounts = st.decimals(allow_nan=False, allow_infinity=False, places=4).map(lambda amount: f"{amount:f}")
_prices = st.builds(Price, amount=_amounts, currency=st.none() | texts, per=_words)
_sms_parts = st.builds(SmsParts, total=st.none() | st.integers(), delivered=st.none() | st.integers())
status_changes = st.builds(
    StatusChanged,
    event_id=uuids,
    type=st.sampled_from(["delivered", "seen", "failed", "answered"]),
    sequence=st.integers(1),
    account=_words,
    provider=_words,
    message_id=texts,
    extra_id=st.none() | texts,
    bulk_id=st.none() | texts,
    recipient=st.none() | texts,
    channel=_words,
    occurred_at=instants,
    observed_at=instants,
    final=st.booleans(),
    inferred=st.booleans(),
    supersedes=st.none() | uuids,
    reason=st.none() | _reasons,
    attempts=st.lists(_attempts, max_size=2),
    call=st.none() | _calls,
    price=st.none() | _prices,
    clicks=st.none() | st.integers(),
    sms_parts=st.none() | _sms_parts,
    template_id=st.none() | st.integers() | texts,
    mcc_mnc=st.none() | texts,
    callback_data=st.none() | texts,
    provider_status=st.none() | st.dictionaries(texts, json_values, max_size=3),
    request_id=st.none() | texts,
    correlation_id=st.none() | texts,
)
"""Events of any content that the code can build."""

reports = st.builds(
    Report,
    outcome=st.sampled_from(Outcome),
    channel=st.sampled_from(["viber", "sms", "whatsapp", "unknown"]),
    occurred_at=st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    engagements=st.frozensets(st.sampled_from(Engagement)),
    implied=st.booleans(),
    one_channel=st.booleans(),
)
"""Reports of one message, possible or not, in any combination of outcome and engagement."""
items = (
    st.builds(Answered, report=st.none() | reports, found=st.booleans())
    | st.builds(Unanswered, asked=st.booleans(), held=st.booleans())
    | st.just(Forgotten())
)
"""All that can happen to a requested message except another request."""
_few_texts = st.none() | st.sampled_from(["", "a", "ключ", "\x00\x7f", "😀"])
_event_reasons = st.none() | st.builds(
    model.Reason, category=_words, code=_few_texts, permanent=st.none() | st.booleans()
)
core_events = st.builds(
    model.Event,
    event_id=uuids,
    type=st.sampled_from(model.EventType),
    sequence=st.integers(1, 2**31),
    account=_words,
    provider=_words,
    message_id=texts,
    extra_id=st.none() | texts,
    bulk_id=_few_texts,
    recipient=_few_texts,
    channel=_words,
    occurred_at=instants,
    observed_at=instants,
    final=st.booleans(),
    inferred=st.booleans(),
    supersedes=st.none() | uuids,
    reason=_event_reasons,
    attempts=st.lists(
        st.builds(
            model.Attempt, channel=_words, status=_words, occurred_at=st.none() | instants, reason=_event_reasons
        ),
        max_size=2,
    ).map(tuple),
    call=st.none(),
    price=st.none(),
    clicks=st.none() | st.integers(-(2**63), 2**63 - 1),
    sms_parts=st.none() | st.builds(model.SmsParts, total=st.none() | st.integers(0, 255)),
    template_id=st.none() | st.integers(0, 2**63 - 1) | texts,
    mcc_mnc=_few_texts,
    callback_data=_few_texts,
    provider_status=st.none()
    | st.dictionaries(
        texts,
        st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts, st.lists, max_leaves=3),
        max_size=3,
    ),
    request_id=_few_texts,
    correlation_id=_few_texts,
)
"""Events as the core's dataclass, as a provider's mapping may fill it."""
