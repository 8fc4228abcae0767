"""Log lines of libraries: in the form of ours, masked, each once, and less of them."""

import io
import logging
import warnings

import pytest
import structlog
from aiokafka.errors import KafkaError, NotLeaderForPartitionError, TopicAuthorizationFailedError

from relay.observe.logs import LogLevel, configure
from tests.logged import json_stream, lines

pytestmark = pytest.mark.usefixtures("restored_logging")


@pytest.mark.parametrize(("level", "written"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_holds_for_ours_and_for_libraries(level: LogLevel, written: int) -> None:
    """Both kinds of logger leave out what is less severe."""
    stream = json_stream(level)
    for log in (structlog.get_logger("relay.x"), logging.getLogger("library.x")):
        log.debug("a")
        log.info("b")
        log.warning("c")
        log.error("d")
    assert len(lines(stream)) == 2 * written


def test_library_lines_have_the_same_form_with_their_extra_fields() -> None:
    """FastStream's `extra=` becomes fields, whether it logs by the standard library or by structlog."""
    stream = json_stream()
    extra = {"topic": "t", "group_id": "g", "message_id": ""}
    logging.getLogger("faststream.access.kafka").error("Received", extra=extra)
    structlog.get_logger("faststream").log(logging.INFO, "Processed", extra=extra, exc_info=None)
    received, processed = lines(stream)
    assert received["event"] == "Received"
    assert received["logger"] == "faststream.access.kafka"
    assert processed["event"] == "Processed"
    assert extra.items() <= received.items()
    assert extra.items() <= processed.items()


def test_handlers_that_libraries_brought_are_removed() -> None:
    """A library's own handler would write a second line in another form."""
    library = logging.getLogger("library.with.handler")
    own = io.StringIO()
    library.addHandler(logging.StreamHandler(own))
    library.propagate = False
    stream = json_stream()
    library.warning("once")
    assert own.getvalue() == ""
    assert [line["event"] for line in lines(stream)] == ["once"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to +380961111111 now", "to +3809******11 now"),
        ("12345678", "1234**78"),
        ("1234567", "1234567"),
        ("offset 42", "offset 42"),
    ],
)
def test_long_numbers_of_libraries_are_masked(text: str, shown: str) -> None:
    """Eight digits and more may be a phone number: message, arguments and extra fields show six of them."""
    stream = json_stream()
    logging.getLogger("uvicorn").warning("x %s", text, extra={"field": text, "nested": {"list": [text.encode()]}})
    (line,) = lines(stream)
    assert line["event"] == f"x {shown}"
    assert line["field"] == shown
    assert line["nested"] == {"list": [f"b'{shown}'"]}


def test_python_warnings_are_lines() -> None:
    """A warning is written as a line of the logger py.warnings."""
    stream = json_stream()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("careful", stacklevel=1)
    (line,) = lines(stream)
    assert line["logger"] == "py.warnings"
    assert "UserWarning: careful" in line["event"]


def test_uvicorns_colours_are_dropped() -> None:
    """Uvicorn's second, coloured copy of its message is no field."""
    stream = json_stream()
    logging.getLogger("uvicorn.error").warning("up", extra={"color_message": "\x1b[36mup"})
    assert "color_message" not in lines(stream)[0]


def test_aiokafka_does_not_bury_the_rest() -> None:
    """What it writes hundreds of times a second without Kafka is written once; another line of it still comes."""
    stream = json_stream()
    for node in range(300):
        logging.getLogger("aiokafka").error("Unable connect to node with id %s", node)
    logging.getLogger("aiokafka").error("Unable to update metadata")
    assert [line["event"] for line in lines(stream)] == [
        "Unable connect to node with id 0",
        "Unable to update metadata",
    ]


def test_debug_shows_no_request_of_the_kafka_client() -> None:
    """It would write the password as SASL PLAIN sends it, and records with the numbers in them."""
    configure("json", "debug", io.StringIO(), cache=False)
    assert not logging.getLogger("aiokafka.conn").isEnabledFor(logging.DEBUG)
    assert logging.getLogger("aiokafka.consumer").isEnabledFor(logging.DEBUG)
    configure("json", "warning", io.StringIO(), cache=False)
    assert not logging.getLogger("aiokafka.conn").isEnabledFor(logging.INFO)


@pytest.mark.parametrize(
    ("error", "level"), [(NotLeaderForPartitionError(), "warning"), (TopicAuthorizationFailedError(), "error")]
)
def test_what_aiokafka_tries_again_is_no_error(error: KafkaError, level: str) -> None:
    """An error that passes by itself is a warning, and like any other not told where only errors are."""
    stream = json_stream()
    logging.getLogger("aiokafka.consumer.fetcher").error("Failed fetch offsets from %s: %s", 1, error)
    assert [line["level"] for line in lines(stream)] == [level]
    stream = json_stream("error")
    logging.getLogger("aiokafka.consumer.fetcher").error("Failed fetch offsets from %s: %s", 1, error)
    assert [line["level"] for line in lines(stream)] == [level] * (level == "error")


def test_a_warning_of_aiokafka_hides_no_error() -> None:
    """Of the same words, a moment later."""
    stream = json_stream()
    for error in (NotLeaderForPartitionError(), TopicAuthorizationFailedError()):
        logging.getLogger("aiokafka.consumer.fetcher").error("Failed fetch offsets from %s: %s", 1, error)
    assert [line["level"] for line in lines(stream)] == ["warning", "error"]
