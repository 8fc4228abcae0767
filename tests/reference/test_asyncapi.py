"""The AsyncAPI document is valid, and says of keys, headers and values what the running code does."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from jsonschema import Draft7Validator, Draft202012Validator

from relay.compatibility.changes import Direction
from relay.configuration import TopicSettings
from relay.contracts.cloudevents import dead_letter_headers, status_changed_headers
from relay.contracts.dead_letter import DeadLetter
from relay.contracts.schemas import PUBLISHED, generate
from relay.contracts.status_changed import StatusChanged
from relay.reference.asyncapi import document
from relay.reference.topics import PUBLIC_TOPICS, PublicTopic
from tests.strategies import status_changes

ROOT: Final = Path(__file__).parents[2]
NAMES: Final = TopicSettings().model_dump()
LETTERS: Final = ROOT / "schemas/examples/dead_letter/valid"
INTERNAL: Final = {"inbox", "raw", "state"}
DOCUMENT: Final = document(NAMES)
MESSAGES: Final = DOCUMENT["components"]["messages"]
SPECIFICATION: Final = json.loads((Path(__file__).parent / "vendored" / "asyncapi-3.0.0.schema.json").read_bytes())


def by_name(topic: PublicTopic) -> str:
    """Give a topic's name as a test's id."""
    return topic.name


def following(reference: dict[str, str]) -> Any:
    """Give what a reference within the document names."""
    node = DOCUMENT
    for part in reference["$ref"].removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_the_document_is_valid_asyncapi_3() -> None:
    """The published schema of AsyncAPI 3.0.0 accepts it, and refuses it with a mistake."""
    validator = Draft7Validator(SPECIFICATION)
    validator.validate(DOCUMENT)
    wrong = json.loads(json.dumps(DOCUMENT))
    wrong["operations"]["seen"]["action"] = "publish"
    assert not validator.is_valid(wrong)


def test_every_public_topic_is_told_and_no_internal_one() -> None:
    """The topics of the document are those of the configuration, but for the three that are nobody's business."""
    assert DOCUMENT["channels"].keys() == NAMES.keys() - INTERNAL
    assert {channel["address"] for channel in DOCUMENT["channels"].values()} == {
        name for key, name in NAMES.items() if key not in INTERNAL
    }


def test_configured_names_are_the_addresses() -> None:
    """A relay with topics of other names tells those."""
    renamed = document(NAMES | {"seen": "acme.seen"})
    assert renamed["channels"]["seen"]["address"] == "acme.seen"
    assert renamed["channels"]["seen"]["bindings"]["kafka"]["topic"] == "acme.seen"
    Draft7Validator(SPECIFICATION).validate(renamed)


def test_nothing_in_it_leads_to_a_server() -> None:
    """No broker, no credentials, no registry: it can be shown to anybody."""
    assert "servers" not in DOCUMENT
    assert not {"127.0.0.1", "password", "sasl"} & set(json.dumps(DOCUMENT).lower().split('"'))


@pytest.mark.parametrize("topic", PUBLIC_TOPICS, ids=by_name)
def test_every_reference_leads_somewhere(topic: PublicTopic) -> None:
    """Operation, channel, message and schema of a topic hang together."""
    operation = DOCUMENT["operations"][topic.name]
    assert following(operation["channel"]) is DOCUMENT["channels"][topic.name]
    (message,) = operation["messages"]
    assert following(following(message)) is MESSAGES[topic.name]
    assert following(MESSAGES[topic.name]["payload"]) is DOCUMENT["components"]["schemas"][topic.schema]
    assert operation["action"] == ("send" if topic.direction is Direction.OUTPUT else "receive")


@pytest.mark.parametrize("topic", PUBLIC_TOPICS, ids=by_name)
def test_every_example_fits_its_message(topic: PublicTopic) -> None:
    """Headers and value of each example pass the schemas beside them, formats asserted."""
    message = MESSAGES[topic.name]
    (example,) = message["examples"]
    checker = Draft7Validator.FORMAT_CHECKER
    Draft7Validator(message["headers"], format_checker=checker).validate(example["headers"])
    Draft7Validator(following(message["payload"]), format_checker=checker).validate(example["payload"])


@pytest.mark.parametrize("topic", PUBLIC_TOPICS, ids=by_name)
def test_every_example_is_a_published_one(topic: PublicTopic) -> None:
    """What the document shows lies among the tested examples, byte for byte."""
    folder = ROOT / "schemas" / "examples" / topic.schema / "valid"
    assert topic.example() in [path.read_bytes() for path in folder.glob("*.json")]


@pytest.mark.parametrize("name", ["delivered", "seen", "failed", "answered"])
def test_each_topic_shows_its_own_type(name: str) -> None:
    """The example of a topic is of the type that is published there."""
    (example,) = MESSAGES[name]["examples"]
    assert example["payload"]["type"] == name
    assert MESSAGES[name]["headers"]["properties"]["ce_type"]["const"] == example["headers"]["ce_type"]
    assert example["headers"]["ce_type"] == NAMES[name]


@given(event=status_changes)
def test_the_headers_of_any_event_are_as_told(event: StatusChanged) -> None:
    """Whatever event the code publishes, its headers pass the schema, and each of them is told."""
    written = {name: value.decode() for name, value in status_changed_headers(event)}
    told = MESSAGES[event.type]["headers"]
    Draft7Validator(told).validate(written)
    assert written.keys() <= told["properties"].keys()


@pytest.mark.parametrize("path", sorted(LETTERS.glob("*.json")), ids=lambda path: path.stem)
def test_the_headers_of_any_dead_letter_are_as_told(path: Path) -> None:
    """The same of dead letters."""
    letter = DeadLetter.model_validate_json(path.read_bytes())
    written = {name: value.decode() for name, value in dead_letter_headers(letter)}
    told = MESSAGES["dead_letters"]["headers"]
    Draft7Validator(told).validate(written)
    assert written.keys() <= told["properties"].keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_schemas_judge_examples_as_the_published_ones_do(name: str) -> None:
    """A schema with its definitions in their places, read as AsyncAPI reads it, accepts and refuses the same."""
    published = Draft202012Validator(generate(name), format_checker=Draft202012Validator.FORMAT_CHECKER)
    told = Draft7Validator(DOCUMENT["components"]["schemas"][name], format_checker=Draft7Validator.FORMAT_CHECKER)
    paths = list((ROOT / "schemas" / "examples" / name).rglob("*.json"))
    assert paths
    for path in paths:
        value = json.loads(path.read_bytes())
        assert told.is_valid(value) == published.is_valid(value), path
