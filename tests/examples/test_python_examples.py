"""What the examples in Python must survive without a broker: one record must not stop a partition for ever."""

import importlib.util
import json
import sqlite3
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
VALID: dict[str, Any] = json.loads(min((ROOT / "schemas/examples/status_changed/valid").glob("*.json")).read_bytes())
POISON = {
    "too deep": b"[" * 200_000,
    "a number beyond the store": json.dumps({**VALID, "sequence": 10**30}).encode(),
    "a lone surrogate": json.dumps({**VALID, "message_id": "\ud800"}).encode(),
    "a number of many digits": b'{"sequence": ' + b"9" * 5000 + b"}",
    "no value": None,
}


def the_consumer(name: str) -> ModuleType:
    """Import an example."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", ROOT / "examples" / name / "consumer.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def a_record(name: str, value: bytes | None) -> Any:
    """Return a record as the example's client gives it."""
    facts: dict[str, Any] = {"topic": "delivery.delivered.v1", "partition": 0, "offset": 7, "value": value}
    if name == "python_aiokafka":
        return SimpleNamespace(**facts)
    return SimpleNamespace(**{key: (lambda fact=fact: fact) for key, fact in facts.items()})


@pytest.mark.parametrize("name", ["python_aiokafka", "python_confluent"])
@pytest.mark.parametrize("kind", POISON)
def test_poison_is_set_aside(name: str, kind: str) -> None:
    """It is kept for a person with its bytes, and the next event is handled."""
    consumer = the_consumer(name)
    schema = consumer.schema_of(consumer.SCHEMA)
    store = sqlite3.connect(":memory:")
    store.executescript(consumer.TABLES)
    assert consumer.handle(store, schema, a_record(name, POISON[kind])) is None
    assert store.execute("SELECT place, value FROM set_aside").fetchall() == [
        ("delivery.delivered.v1/0/7", POISON[kind])
    ]
    good = {**VALID, "event_id": "00000000-0000-4000-8000-000000000001"}
    assert consumer.handle(store, schema, a_record(name, json.dumps(good).encode())) is not None
    store.close()
