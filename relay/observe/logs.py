"""Sends structlog's and the standard library's log calls to one stream, in one format.

Our modules write `log = structlog.get_logger("relay.<part>")` and `log.info(Line.SLOTS_RESTORED, partitions=…)`.
"""

import contextlib
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from relay.observe.rendering import ConsoleLines, as_json, complete, complete_foreign, mask_foreign
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
    handlers = [handler for handler in logging.getLogger().handlers if isinstance(handler, _LineHandler)]
    for handler in handlers:
        handler.hold()
    try:
        yield
    finally:
        for handler in handlers:
            handler.let_go()


class _LineHandler(logging.StreamHandler[TextIO]):
    """Writes the records of libraries, and our events without making records of them: that takes half the time."""

    def __init__(self, stream: TextIO, render: Render) -> None:
        super().__init__(stream)
        self._render = render
        self._held: list[str] | None = None
        lift: list[Processor] = [structlog.stdlib.ExtraAdder(), mask_foreign]
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(foreign_pre_chain=lift, processors=[complete_foreign, render])
        )

    def write_event(self, level: str, logger_name: str, event: EventDict) -> None:
        try:
            line = self._render(None, level, complete(level, logger_name, event))
            with self._emit_lock:
                if self._held is not None:
                    self._held.append(str(line))
                    return
                self.stream.write(f"{line}{self.terminator}")
                self.flush()
        except Exception:  # noqa: BLE001 (as for records: a full disk or closed pipe must not stop the work)
            self.handleError(logging.makeLogRecord({"msg": "the line of an event was lost", "name": logger_name}))

    def hold(self) -> None:
        """Keep lines back until they are let go."""
        with self._emit_lock:
            self._held = self._held or []

    def let_go(self) -> None:
        """Write the lines that were kept back."""
        try:
            with self._emit_lock:
                held, self._held = self._held or [], None
                self.stream.write("".join(f"{line}{self.terminator}" for line in held))
                self.flush()
        except Exception:  # noqa: BLE001 - as above
            self.handleError(logging.makeLogRecord({"msg": "lines of events were lost", "name": "relay"}))

    @property
    def _emit_lock(self) -> threading.RLock:
        """The lock that `emit` runs in."""
        assert self.lock is not None
        return self.lock


class _DirectLogger:
    """Hands events to whatever handler the root has when they come, so that a cached logger follows a new one."""

    __slots__ = ("_name", "_root")

    def __init__(self, name: str = "relay", *_: object) -> None:
        self._name = name
        self._root = logging.getLogger()

    def write(self, level: str, event: EventDict) -> None:
        for handler in self._root.handlers:
            if isinstance(handler, _LineHandler):
                handler.write_event(level, self._name, event)


def _bound_logger(threshold: int) -> type[Any]:
    """Return structlog's logger, but without its chain of processors: the handler does what there is to do."""

    class BoundLogger(structlog.make_filtering_bound_logger(threshold)):  # type: ignore[misc]  # made at run time
        def _proxy_to_logger(self, level: str, event: str | None = None, /, **fields: Any) -> None:
            fields["event"] = event
            bound = structlog.contextvars.get_contextvars()
            self._logger.write(level, {**bound, **self._context, **fields} if bound or self._context else fields)

        def info(self, event: str, /, *args: object, **fields: Any) -> None:  # the level of nearly all lines
            if threshold <= logging.INFO:
                self._proxy_to_logger("info", event % args if args else event, **fields)

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
