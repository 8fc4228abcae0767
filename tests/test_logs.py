"""Log lines as they reach the stream."""

import io
import logging
import re
from typing import Any

import pytest
import structlog

from relay.observe.lines import Line
from relay.observe.logs import configure, tell_all, written_together
from tests.logged import LOCAL, fail, json_stream, lines

pytestmark = pytest.mark.usefixtures("restored_logging")


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


def test_lines_written_together_are_as_if_each_was_written_by_itself() -> None:
    """In their order, with the exception of the moment, and none that can't be written takes the others with it."""
    stream = json_stream()
    log = structlog.get_logger("relay.x")
    with written_together():
        log.info("one", number=1)
        try:
            fail("why")
        except ValueError:
            log.exception("two")
        log.info("three", value=Unwritable())
        tell_all("alike", [{"value": "a"}, {"value": 2}], logger_name="relay.x")
        log.bind(bound=4).warning("four")
        assert not stream.getvalue()
    one, two, *alike, four = lines(stream)
    assert (one["event"], one["number"], one["level"]) == ("one", 1, "info")
    assert two["exception"][0]["exc_value"] == "why"
    assert [(line["event"], line["value"], line["logger"]) for line in alike] == [
        ("alike", "a", "relay.x"),
        ("alike", 2, "relay.x"),
    ]
    assert (four["event"], four["bound"], four["level"]) == ("four", 4, "warning")


@pytest.mark.parametrize("value", ["plain", "ж", "\udcff", float("nan"), (1, 2), object, 2**70, None])
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_lines_told_at_once_are_those_that_a_call_for_each_writes(log_format: Any, value: object) -> None:
    """Whatever they hold."""
    stream = io.StringIO()
    configure(log_format, "info", stream, cache=False)
    rows = [{"account": "a", "value": value}, {"value": 1, "more": [value]}]
    log = structlog.get_logger("relay.x")
    for row in rows:
        log.info(Line.MESSAGE_CHANGED, **row)
    tell_all(Line.MESSAGE_CHANGED, rows, logger_name="relay.x")
    written = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "then", stream.getvalue()).splitlines()
    assert written[:2] == written[2:]


def test_lines_told_at_once_heed_the_level() -> None:
    """They are of level info."""
    stream = json_stream("warning")
    tell_all(Line.MESSAGE_CHANGED, [{"account": "a"}], logger_name="relay.x")
    assert not stream.getvalue()


class Unwritable:
    """A value of which no text can be made."""

    def __repr__(self) -> str:
        """Refuse."""
        raise RuntimeError


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


def test_our_ids_are_not_masked() -> None:
    """Our own lines carry ids, which must be found by them."""
    stream = json_stream()
    structlog.get_logger("relay.x").info(Line.MESSAGE_CHANGED, message_id="1234567890123")
    assert lines(stream)[0]["message_id"] == "1234567890123"


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
