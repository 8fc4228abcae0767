"""The parts of a running process: each is started when Kafka lets it, may fail all of it, and is stopped in time."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from relay.lasting import failure_of
from relay.observe.lines import Line

WAIT_SECONDS = 1.0
KAFKA_SECONDS = 30.0
STOP_SECONDS, LEAST_STOP_SECONDS = 20.0, 0.5  # for all parts together; what is left then gets a moment each

log = structlog.get_logger("relay")


class Parts:
    """What runs. `error` is why the process must end, `awaiting` what it waits for, `stop` says that it shall end."""

    def __init__(self) -> None:
        self.stack = contextlib.AsyncExitStack()
        self.stop = asyncio.Event()
        self.stop_until = float("inf")
        self.error: BaseException | None = None
        self.awaiting: str | None = "starting"

    def fail(self, error: BaseException) -> None:
        """End the process; the first error is the reason."""
        self.error = self.error or error
        self.stop.set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a part until the end; what it raises ends the process."""
        task = asyncio.create_task(work)

        def ended(task: asyncio.Task[None]) -> None:
            if (error := failure_of(task)) is not None:
                log.error(Line.PROCESS_FAILED, why=type(error).__name__, exc_info=error)
                self.fail(error)

        task.add_done_callback(ended)
        self.stack.push_async_callback(called_off, task)

    def stop_at_end(self, stop: Callable[[], Awaitable[None]]) -> None:
        """Have a part stopped when the process ends; the last one first."""
        self.stack.push_async_callback(self.quietly, stop)

    async def quietly(self, stop: Callable[[], Awaitable[None]]) -> None:
        """Stop a part within what is left of the time; what hangs or fails is abandoned, since the process ends."""
        try:
            async with asyncio.timeout(max(LEAST_STOP_SECONDS, self.stop_until - time.monotonic())):
                await stop()
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Else the other parts must be stopped, too; aiokafka lets the end of its fetches out (see let_go).
            log.warning(Line.PART_ABANDONED, part=getattr(stop, "__qualname__", "part"), why=type(error).__name__)

    async def until(self, what: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do something that needs Kafka until it works, saying why it doesn't."""
        while True:
            self.awaiting = f"waiting for {what}"
            try:
                async with asyncio.timeout(KAFKA_SECONDS):
                    return await work()
            except Exception as error:  # noqa: BLE001 - aiokafka raises many kinds while Kafka is away
                self.awaiting = f"waiting for {what}: {type(error).__name__}: {error}"
                log.warning(Line.KAFKA_AWAITED, what=what, why=type(error).__name__, detail=str(error))
                await asyncio.sleep(WAIT_SECONDS)


async def called_off(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it is over, whatever it ends in."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task
