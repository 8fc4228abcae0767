"""What must hold of every record that the relay publishes, whatever it says: schema, key, partition, headers."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from aiokafka.partitioner import murmur2 as murmur2_of_another_client
from jsonschema import Draft202012Validator, FormatChecker

from tests.seen import Seen

SCHEMAS: Final = Path(__file__).parent.parent / "schemas"
CE_HEADERS: Final = (
    "ce_specversion",
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_subject",
    "ce_time",
    "ce_dataschema",
    "content-type",
)


def _validator(name: str) -> Draft202012Validator:
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.v1.schema.json").read_bytes())
    return Draft202012Validator(schema, format_checker=FormatChecker())


_EVENT, _LETTER = _validator("status_changed"), _validator("dead_letter")


def assert_well_published(record: Seen, partitions: int, more_headers: Collection[str] = ()) -> None:
    """Hold one record to the contract; `more_headers`: what is switched on may add these."""
    (_LETTER if record.topic == "dead_letters" else _EVENT).validate(record.value)
    headers = {name: value.decode() for name, value in record.headers}
    assert len(headers) == len(record.headers)
    assert set(CE_HEADERS) <= headers.keys() <= {*CE_HEADERS, "correlation-id", *more_headers}
    assert headers["ce_specversion"] == "1.0"
    assert headers["content-type"] == "application/json"
    if record.topic != "dead_letters":
        _assert_event(record, headers, partitions)


def _assert_event(record: Seen, headers: dict[str, str], partitions: int) -> None:
    value = record.value
    subject = value["message_id"] or value["extra_id"]
    assert record.key == subject.encode()
    assert record.partition == (murmur2_of_another_client(record.key) & 0x7FFFFFFF) % partitions
    assert value["type"] == record.topic
    assert headers["ce_id"] == value["event_id"]
    assert headers["ce_type"] == f"delivery.{record.topic}.v1"
    assert headers["ce_source"] == f"/relay/{value['provider']}/{value['account']}"
    assert headers["ce_subject"] == subject
    assert headers["ce_time"] == value["occurred_at"]
    assert headers.get("correlation-id") == value["correlation_id"]
