"""Log lines as they reach the stream."""

import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
import structlog

from relay.observe.lines import Line
from relay.observe.logs import LogLevel, configure

LOCAL = "a local value"


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def json_stream(level: LogLevel = "info") -> io.StringIO:
    """Log JSON into a buffer from now on."""
    stream = io.StringIO()
    configure("json", level, stream, cache=False)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Parse every line of a buffer as JSON."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(why: str) -> NoReturn:
    """Raise, with a local variable that no line may show."""
    secret = LOCAL.upper().lower()
    raise ValueError(why if secret else "")


def test_our_line_has_time_level_event_and_logger_first() -> None:
    """The head is always the same four keys, in order, then the fields of the call."""
    stream = json_stream()
    structlog.get_logger("relay.slot").info(Line.SLOTS_RESTORED, partitions=[1, 2], seconds=0.5)
    (line,) = lines(stream)
    assert list(line) == ["timestamp", "level", "event", "logger", "partitions", "seconds"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {
        "level": "info",
        "event": "slots.restored",
        "logger": "relay.slot",
        "partitions": [1, 2],
        "seconds": 0.5,
    }


def test_bound_context_is_in_our_lines() -> None:
    """Fields bound for a unit of work appear in each of its lines."""
    stream = json_stream()
    with structlog.contextvars.bound_contextvars(account="a"):
        structlog.get_logger("relay.x").info(Line.LOOKUP_FAILED)
    assert lines(stream)[0]["account"] == "a"


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


def test_a_cached_logger_follows_a_new_stream_and_format() -> None:
    """A module's logger that was used before writes where and how the last configuration says."""
    log = structlog.get_logger("relay.cached")
    first, second = io.StringIO(), io.StringIO()
    configure("json", "info", first)
    log.info("one")
    configure("console", "info", second)
    log.info("two")
    assert "one" in first.getvalue()
    assert "two" not in first.getvalue()
    assert "two" in second.getvalue()


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


@pytest.mark.parametrize("name", ["relay.slot", "asyncio"])
def test_an_exception_is_data_on_one_line(name: str) -> None:
    """An exception gives its types and frames in order, without local variables, and masks numbers."""
    stream = json_stream()
    log = structlog.get_logger(name) if name.startswith("relay") else logging.getLogger(name)
    try:
        fail("no 380961111111\nsecond line")
    except ValueError:
        log.exception("slots.failed")
    (line,) = lines(stream)
    (exception,) = line["exception"]
    assert exception["exc_type"] == "ValueError"
    assert exception["exc_value"] == "no 3809******11\nsecond line"
    assert exception["frames"][-1]["name"] == "fail"
    assert LOCAL not in stream.getvalue()


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


def test_our_ids_are_not_masked() -> None:
    """Our own lines carry ids, which must be found by them."""
    stream = json_stream()
    structlog.get_logger("relay.x").info(Line.MESSAGE_CHANGED, message_id="1234567890123")
    assert lines(stream)[0]["message_id"] == "1234567890123"


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


def test_values_that_json_lacks_do_not_lose_the_line() -> None:
    """NaN, odd keys, lone surrogates and values inside themselves are written in some form."""
    stream = json_stream()
    loop: list[object] = []
    loop.append(loop)
    for value in (float("nan"), {(1, 2): 3}, "\udcff", loop, object(), b"\xff"):
        structlog.get_logger("relay.x").info("x", value=value)
        logging.getLogger("x").info("x", extra={"value": value})
    assert len(lines(stream)) == 12


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_nothing_moves_the_cursor(log_format: Any) -> None:
    """Escape sequences and line ends in messages, keys, values and exceptions are shown, not obeyed."""
    stream = io.StringIO()
    configure(log_format, "info", stream, cache=False)
    evil = "a\x1b[31m\r\x9b\u202e\nfake.line"
    structlog.get_logger("relay.x").info(Line.LOOKUP_FAILED, value=evil, nested={"k": [evil]}, **{evil: 1})
    logging.getLogger("x").info(evil, extra={"field": evil})
    assert stream.getvalue().count("\n") == 2
    try:
        fail(evil)
    except ValueError:
        logging.getLogger("x").exception("failed")
    assert not re.search(r"[^\n\x20-\x7e]", stream.getvalue())
    assert not re.search(r"^fake", stream.getvalue(), re.MULTILINE)


def test_console_lines_are_readable() -> None:
    """For people a line has event and fields, and the exception on indented lines below."""
    stream = io.StringIO()
    configure("console", "info", stream, cache=False)
    try:
        fail("why")
    except ValueError:
        structlog.get_logger("relay.x").exception(Line.TURN_FAILED, partition=3)
    first, *rest = stream.getvalue().splitlines()
    assert "turn.failed" in first
    assert "partition=3" in first
    assert "    ValueError: why" in rest


def test_uvicorns_colours_are_dropped() -> None:
    """Uvicorn's second, coloured copy of its message is no field."""
    stream = json_stream()
    logging.getLogger("uvicorn.error").warning("up", extra={"color_message": "\x1b[36mup"})
    assert "color_message" not in lines(stream)[0]


def test_line_names_follow_the_rule() -> None:
    """Every line is named `<noun>.<past participle>`, in small letters."""
    for line in Line:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z_]*(ed|found|drawn)", line), line
        assert line.name == line.value.upper().replace(".", "_")


class ClosedPipe(io.StringIO):
    """A stream whose reader went away."""

    def write(self, _: str, /) -> int:
        """Refuse every text."""
        raise BrokenPipeError


def test_a_stream_that_fails_does_not_stop_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    """A log line that can't be written is lost; the caller goes on."""
    configure("json", "info", ClosedPipe(), cache=False)
    structlog.get_logger("relay.x").info(Line.SLOTS_RESTORED)
    logging.getLogger("x").info("x")
    assert capsys.readouterr().err.count("--- Logging error ---") == 2


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
