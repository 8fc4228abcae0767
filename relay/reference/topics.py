"""The public topics: which way their records go, what shape they have, how they are keyed, and an example of each.

An example's headers are those that the running code writes for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from relay.compatibility.changes import Direction
from relay.contracts.cloudevents import CORRELATION_HEADER, Headers, dead_letter_headers, status_changed_headers
from relay.contracts.dead_letter import DeadLetter
from relay.contracts.schemas import PUBLISHED
from relay.contracts.status_changed import StatusChanged

_Model = TypeVar("_Model", bound=BaseModel)
_ANY_KEY: Final = {"type": ["string", "null"], "description": "Any bytes, or none: the relay keys what it takes anew."}
_MESSAGE_KEY: Final = {
    "type": "string",
    "description": "The message_id, UTF-8; the extra_id where no message_id is known.",
}
_REFUSED_KEY: Final = {"type": ["string", "null"], "description": "The refused record's own key: any bytes, or none."}


class NotPresentable(ValueError):  # noqa: N818 - what it means is that a model and its presentation don't fit
    """The reference can't be made of the models as they are; the text says of which one, why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicTopic:
    """A topic of the contract; `name` is its name in the configuration's `[topics]`."""

    name: str
    schema: str
    summary: str
    key: Mapping[str, Any]

    @property
    def direction(self) -> Direction:
        """Who is on the other side."""
        return direction_of(self.schema)

    def example(self) -> bytes:
        """Give an example of a value."""
        return files("relay.reference").joinpath("examples", f"{self.name}.json").read_bytes()


PUBLIC_TOPICS: Final = (
    PublicTopic(
        name="fetch_requests",
        schema="fetch_request",
        summary="Ask the provider about this now.",
        key=_ANY_KEY,
    ),
    PublicTopic(
        name="messages_sent",
        schema="message_sent",
        summary="This was sent; find out what became of it.",
        key=_ANY_KEY,
    ),
    PublicTopic(name="delivered", schema="status_changed", summary="A message was delivered.", key=_MESSAGE_KEY),
    PublicTopic(name="seen", schema="status_changed", summary="A message was seen.", key=_MESSAGE_KEY),
    PublicTopic(name="failed", schema="status_changed", summary="A message was not delivered.", key=_MESSAGE_KEY),
    PublicTopic(name="answered", schema="status_changed", summary="A call was answered.", key=_MESSAGE_KEY),
    PublicTopic(
        name="dead_letters",
        schema="dead_letter",
        summary="A record was refused; here it is, with the reason.",
        key=_REFUSED_KEY,
    ),
)


def direction_of(schema: str) -> Direction:
    """Say who is on the other side of a published schema."""
    return Direction.INPUT if PUBLISHED[schema].mode == "validation" else Direction.OUTPUT


def written_key_and_headers(topic: PublicTopic) -> tuple[str | None, dict[str, str]]:
    """Give key and headers of the topic's example, as the relay, or a producer that likes to correlate, writes them.

    Raises NotPresentable where the example is none of the topic's model.
    """
    key: str | None = None
    headers: Headers = [(CORRELATION_HEADER, b"order-17")]
    if topic.schema == "status_changed":
        event = _example(topic, StatusChanged)
        key, headers = event.subject, status_changed_headers(event)
    elif topic.schema == "dead_letter":
        letter = _example(topic, DeadLetter)
        key, headers = letter.key, dead_letter_headers(letter)
    return key, {name: value.decode() for name, value in headers}


def _example(topic: PublicTopic, model: type[_Model]) -> _Model:
    try:
        return model.model_validate_json(topic.example())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        problem = f"{where}: {first['msg']}"
    what = f"relay/reference/examples/{topic.name}.json is no {model.__name__} any more"
    raise NotPresentable(f"{what}: {problem}: make the example follow the model")


def value_of(topic: PublicTopic) -> dict[str, Any]:
    """Give the value of the topic's example as an object."""
    value: dict[str, Any] = orjson.loads(topic.example())
    return value
