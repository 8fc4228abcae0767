"""Sends structlog's and the standard library's log calls to one stream, in one format.

Our modules write `log = structlog.get_logger("relay.<part>")` and `log.info(Line.SLOTS_RESTORED, partitions=…)`.
"""

import contextlib
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from relay.observe.rendering import ConsoleLines, all_as_json, as_json, complete, complete_foreign, mask_foreign
from relay.observe.throttle import Throttle

# aiokafka tells each step of a rebalance, which slots.* says in one line; FastStream warns at every start that it
# creates no topics, which is our wish; uvicorn has its last word after process.stopped.
_TALKATIVE = {"aiokafka": logging.WARNING, "faststream": logging.ERROR, "uvicorn": logging.WARNING}
# At debug it writes whole requests: the password as SASL PLAIN sends it, records with their recipients.
_INDISCREET = "aiokafka.conn"

LogFormat = Literal["json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]
Render = Callable[[WrappedLogger, str, EventDict], str]


def configure(log_format: LogFormat, level: LogLevel, stream: TextIO | None = None, *, cache: bool = True) -> None:
    """Write every log line from now on to the stream, or to standard error; Python's warnings too.

    With `cache` a logger keeps the level that held when it was first used: tests that change it pass False.
    FastStream's brokers must be given a logger, or each adds a handler of its own.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        wrapper_class=_bound_logger(threshold),
        logger_factory=_DirectLogger,
        cache_logger_on_first_use=cache,
    )
    out = stream or sys.stderr
    render: Render = as_json if log_format == "json" else ConsoleLines(colors=out.isatty())
    _take_over(_LineHandler(out, render), threshold)
    logging.captureWarnings(capture=True)


@contextlib.contextmanager
def written_together() -> Iterator[None]:
    """Write the lines of a block at its end, with one system call instead of one for each."""
    handlers = _handlers()
    for handler in handlers:
        handler.hold()
    try:
        yield
    finally:
        for handler in handlers:
            handler.let_go()


def tell_all(event: str, rows: Sequence[EventDict], *, logger_name: str) -> None:
    """Write lines of level info that differ in their fields alone, as one `log.info` for each would, but at once.

    A call for each, with its fields as arguments, takes more than twice the time. `rows`: the fields of each line, one
    at least; none that every line has, and no exception.
    """
    if rows and logging.getLogger().isEnabledFor(logging.INFO):
        for handler in _handlers():
            handler.write_all("info", logger_name, event, rows)


def _handlers() -> "list[_LineHandler]":
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, _LineHandler)]


class _LineHandler(logging.StreamHandler[TextIO]):
    """Writes the records of libraries, and our events without making records of them: that takes half the time."""

    def __init__(self, stream: TextIO, render: Render) -> None:
        super().__init__(stream)
        assert self.lock is not None
        self._emit_lock: threading.RLock = self.lock  # the one that `emit` runs in
        self._render = render
        self._held: list[str] | None = None
        lift: list[Processor] = [structlog.stdlib.ExtraAdder(), mask_foreign]
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(foreign_pre_chain=lift, processors=[complete_foreign, render])
        )

    def write_event(self, level: str, logger_name: str, event: EventDict) -> None:
        self._write(self._line(level, logger_name, event))

    def write_all(self, level: str, logger_name: str, event: str, rows: Sequence[EventDict]) -> None:
        text = None
        if self._render is as_json:
            text = all_as_json(complete(level, logger_name, {"event": event}), rows)
        if text is None:
            text = "".join(self._line(level, logger_name, {"event": event, **row}) for row in rows)
        self._write(text)

    def hold(self) -> None:
        """Keep lines back until they are let go."""
        with self._emit_lock:
            self._held = self._held or []

    def let_go(self) -> None:
        """Write the lines that were kept back."""
        with self._emit_lock:
            held, self._held = self._held or [], None
            self._write("".join(held))

    def _line(self, level: str, logger_name: str, event: EventDict) -> str:
        try:
            return f"{self._render(None, level, complete(level, logger_name, event))}\n"
        except Exception:  # noqa: BLE001 (as for records: what can't be written must not stop the work)
            self.handleError(logging.makeLogRecord({"msg": "the line of an event was lost", "name": logger_name}))
            return ""

    def _write(self, text: str) -> None:
        with self._emit_lock:
            if self._held is not None:
                self._held.append(text)
                return
            try:
                self.stream.write(text)
                self.flush()
            except Exception:  # noqa: BLE001 - as above: a full disk, a closed pipe
                self.handleError(logging.makeLogRecord({"msg": "lines of events were lost", "name": "relay"}))


class _DirectLogger:
    """Hands events to whatever handler the root has when they come, so that a cached logger follows a new one."""

    __slots__ = ("_name",)

    def __init__(self, name: str = "relay", *_: object) -> None:
        self._name = name

    def write(self, level: str, event: EventDict) -> None:
        for handler in _handlers():
            handler.write_event(level, self._name, event)


def _bound_logger(threshold: int) -> type[Any]:
    """Return structlog's logger, but without its chain of processors: the handler does what there is to do."""

    class BoundLogger(structlog.make_filtering_bound_logger(threshold)):  # type: ignore[misc]  # made at run time
        def _proxy_to_logger(self, level: str, event: str | None = None, /, **fields: Any) -> None:
            self._logger.write(level, {**self._context, **fields, "event": event})

    return BoundLogger


def _take_over(handler: logging.Handler, threshold: int) -> None:
    """Make the handler the only one: libraries such as FastStream come with their own and don't propagate."""
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for logger in list(root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.propagate = True
    handler.addFilter(Throttle(threshold))
    for name, least in _TALKATIVE.items():
        logging.getLogger(name).setLevel(max(threshold, least) if threshold > logging.DEBUG else threshold)
    logging.getLogger(_INDISCREET).setLevel(logging.INFO if threshold == logging.DEBUG else logging.NOTSET)
