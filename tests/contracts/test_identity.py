"""The ids of facts: published vectors hold, and they are what any UUID library would compute."""

import json
import uuid
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.identity import NAMESPACE, dead_letter_id, event_id
from tests.strategies import texts

VECTORS: Final = json.loads((Path(__file__).parents[2] / "schemas" / "event_id_vectors.json").read_text("utf-8"))


def reference(name: str) -> str:
    """Compute what the standard library calls a UUIDv5 in the project's namespace."""
    return str(uuid.uuid5(uuid.UUID(NAMESPACE), name))


def test_vectors_are_of_this_namespace() -> None:
    """The namespace is part of the contract."""
    assert VECTORS["namespace"] == NAMESPACE


@pytest.mark.parametrize("vector", VECTORS["event_ids"])
def test_event_id_vector_holds(vector: dict[str, Any]) -> None:
    """Published event ids never change."""
    facts = {name: vector[name] for name in ("provider", "account", "message_id", "extra_id", "inferred")}
    assert event_id(**facts, event_type=vector["type"]) == vector["event_id"] == reference(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["dead_letter_ids"])
def test_dead_letter_id_vector_holds(vector: dict[str, Any]) -> None:
    """Published dead letter ids never change."""
    facts = {name: vector[name] for name in ("topic", "partition", "offset")}
    assert dead_letter_id(**facts) == vector["dead_letter_id"] == reference(vector["name"])


@given(words=st.tuples(texts, texts, texts, texts), inferred=st.booleans())
def test_event_id_is_the_uuid5_of_the_compact_json_array(words: tuple[str, str, str, str], inferred: bool) -> None:  # noqa: FBT001
    """The fast way gives what JSON and uuid give, for any text."""
    provider, account, message_id, event_type = words
    name = json.dumps([*words, inferred], ensure_ascii=False, separators=(",", ":"))
    assert reference(name) == event_id(
        provider=provider,
        account=account,
        message_id=message_id,
        extra_id=None,
        event_type=event_type,
        inferred=inferred,
    )


def test_event_of_a_message_without_any_id_is_refused() -> None:
    """Two messages without ids must not share an event id."""
    with pytest.raises(ValueError, match="message_id or an extra_id"):
        event_id(provider="hyber", account="a", message_id=None, extra_id=None, event_type="failed", inferred=True)
