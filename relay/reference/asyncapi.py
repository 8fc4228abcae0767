"""The AsyncAPI 3 document of the public topics, made from the models and from the headers that the code writes.

It names no server and no credentials, and holds every schema whole, without references to other files.
"""

from collections.abc import Mapping
from typing import Any, Final

from relay import __version__
from relay.compatibility.changes import Direction
from relay.compatibility.keywords import NotUnderstood, resolved
from relay.contracts.cloudevents import CORRELATION_HEADER
from relay.contracts.schemas import PUBLISHED, generate
from relay.observe.tracing import TRACEPARENT
from relay.reference.topics import PUBLIC_TOPICS, NotPresentable, PublicTopic, value_of, written_key_and_headers

_BINDING: Final = {"bindingVersion": "0.5.0"}
_CONSTANT: Final = {
    "ce_specversion": "The version of CloudEvents.",
    "ce_type": "What the record is.",
    "ce_dataschema": "The $id of the value's schema.",
    "content-type": "How the value is written.",
}
_INSTANT: Final = {"type": "string", "format": "date-time"}
_STATUS_HEADERS: Final[Mapping[str, dict[str, Any]]] = {
    "ce_id": {"type": "string", "description": "The event_id."},
    "ce_source": {"type": "string", "description": "/relay/, the provider, /, the account."},
    "ce_subject": {"type": "string", "description": "As the key."},
    "ce_time": _INSTANT | {"description": "The occurred_at."},
}
_LETTER_HEADERS: Final[Mapping[str, dict[str, Any]]] = {
    "ce_id": {"type": "string", "description": "The dead_letter_id."},
    "ce_source": {"type": "string", "description": "/relay/dead-letters."},
    "ce_subject": {"type": "string", "description": "Topic, partition and offset of the refused record, / between."},
    "ce_time": _INSTANT | {"description": "The failed_at."},
}
_CORRELATION: Final[Mapping[str, dict[str, Any]]] = {
    "fetch_request": {"type": "string", "description": "Counts where the field correlation_id is missing."},
    "message_sent": {"type": "string", "description": "Counts where the field correlation_id is missing."},
    "status_changed": {"type": "string", "description": "The correlation_id, where one came in."},
    "dead_letter": {"type": "string", "description": "The refused record's own, where it is UTF-8 text."},
}
_TRACEPARENT: Final[Mapping[str, dict[str, Any]]] = {
    "fetch_request": {
        "type": "string",
        "description": "The W3C trace that the relay's spans go on with, if it traces.",
    },
    "message_sent": {"type": "string", "description": "The W3C trace that the relay's spans go on with, if it traces."},
    "status_changed": {"type": "string", "description": "The W3C trace of this event; only where the relay traces."},
}
_DESCRIPTION: Final = (
    "Asks messaging providers what became of messages, and publishes each status change exactly once to"
    " read_committed readers. Header values are UTF-8; values are plain JSON."
)


def document(names: Mapping[str, str]) -> dict[str, Any]:
    """Give the document; `names`: the topics' names, as in the configuration's `[topics]`. Raises NotPresentable."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "delivery-relay",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic, names[topic.name]) for topic in PUBLIC_TOPICS},
        "operations": {topic.name: _operation(topic) for topic in PUBLIC_TOPICS},
        "components": {
            "messages": {topic.name: _message(topic) for topic in PUBLIC_TOPICS},
            "schemas": {name: _schema(name) for name in PUBLISHED},
        },
    }


def _channel(topic: PublicTopic, address: str) -> dict[str, Any]:
    return {
        "address": address,
        "description": topic.summary,
        "messages": {topic.name: {"$ref": f"#/components/messages/{topic.name}"}},
        "bindings": {"kafka": {"topic": address, **_BINDING}},
    }


def _operation(topic: PublicTopic) -> dict[str, Any]:
    return {
        "action": "send" if topic.direction is Direction.OUTPUT else "receive",
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": topic.summary,
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{topic.name}"}],
    }


def _message(topic: PublicTopic) -> dict[str, Any]:
    key, headers = written_key_and_headers(topic)
    return {
        "name": topic.name,
        "title": PUBLISHED[topic.schema].model.__name__,
        "summary": topic.summary,
        "contentType": "application/json",
        "headers": _headers(topic, headers),
        "payload": {"$ref": f"#/components/schemas/{topic.schema}"},
        "correlationId": {"location": f"$message.header#/{CORRELATION_HEADER}"},
        "bindings": {"kafka": {"key": {**topic.key, **({"examples": [key]} if key else {})}, **_BINDING}},
        "examples": [{"name": topic.name, "headers": headers, "payload": value_of(topic)}],
    }


def _headers(topic: PublicTopic, written: Mapping[str, str]) -> dict[str, Any]:
    """Describe the headers that the code writes; one that nothing is known of is a KeyError, and a failing test."""
    own = _LETTER_HEADERS if topic.schema == "dead_letter" else _STATUS_HEADERS
    properties = {
        name: {"type": "string", "const": value, "description": _CONSTANT[name]} if name in _CONSTANT else own[name]
        for name, value in written.items()
        if name != CORRELATION_HEADER
    }
    optional = {CORRELATION_HEADER: _CORRELATION, TRACEPARENT: _TRACEPARENT}
    more = {name: schemas[topic.schema] for name, schemas in optional.items() if topic.schema in schemas}
    return {
        "type": "object",
        "properties": {**properties, **more},
        "required": list(properties),
    }


def _schema(name: str) -> dict[str, Any]:
    """Give a published schema with its definitions in their places: in this document a `#` would mean its own root."""
    body = generate(name)
    try:
        return {"title": body["title"], **resolved(body)}
    except NotUnderstood as error:
        field = f"field `{error.place}` " if error.place else ""
        said = f"the model {body['title']}: {field}{error.what}"
    raise NotPresentable(f"{said}: the reference can't show that: say it with another keyword")
