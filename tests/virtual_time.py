"""An event loop whose clock jumps to whatever is due next: sleeps last as long as they say, and nobody waits.

What a test asks of threads is done at once. A test in which nothing can ever happen again fails instead of hanging.
"""

import asyncio
import functools
import math
import selectors
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, ParamSpec, TypeVar, TypeVarTuple, Unpack

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
A_MOMENT_SECONDS = 0.001
AHEAD_SECONDS = 5.0
TICK_SECONDS = 1e-9  # a clock that stands still while something is awaited again and again stands still for ever


class _Jumping(selectors.DefaultSelector):
    """Lets the time pass for which it is told to wait, unless something happened."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what happened; wait for nothing."""
        happened = super().select(0)
        if not happened:
            assert timeout is not None, "everything waits for something else"
            self.passed += timeout
        self.passed += TICK_SECONDS
        return happened


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time begins where the monotonic clock stands, for what is tested may read that one, and then jumps.

    It is some seconds ahead, so that a busy machine isn't taken for a process that stood still.
    """

    def __init__(self) -> None:
        self._jumping = _Jumping()
        self._begun = AHEAD_SECONDS + math.ceil(time.monotonic())
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the monotonic time."""
        return self._begun + self._jumping.passed

    @property
    def passed(self) -> float:
        """How many seconds passed since the loop was made."""
        return self._jumping.passed

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Do the work at once, in no thread."""
        assert executor is None, "a test has no threads"
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever awaits the work gets it
            done.set_exception(error)
        return done


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Make a coroutine function a plain test that runs in a loop of its own, whose clock jumps."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def passed() -> float:
    """Return how many seconds passed since the loop was made."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.passed


async def settled() -> None:
    """Let everything that can happen now happen."""
    await asyncio.sleep(A_MOMENT_SECONDS)
