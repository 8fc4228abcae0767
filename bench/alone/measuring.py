"""All that is measured of the relay alone, on one scene."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.alone.draining import draining
from bench.alone.loops import bare_loop
from bench.alone.pending import memory
from bench.alone.polling import polling
from bench.alone.restoring import restored, stored
from bench.alone.sharing import sharing
from bench.scene import Scene
from bench.waiting import TooLong


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of everything."""

    rounds: int
    backlog: int
    polled: int
    pending: int
    pages: int


def alone(scene: Scene, sizes: Sizes, said: Callable[[str], None]) -> dict[str, Any]:
    """Measure part after part."""
    results: dict[str, Any] = {"failures": []}

    def again(name: str, measure: Callable[[], dict[str, Any]]) -> None:
        results[name] = []
        for _ in range(sizes.rounds):
            try:
                results[name].append(measure())
            except TooLong as why:  # the other rounds are worth having
                results["failures"].append(f"{name}: {str(why).splitlines()[0]}")
                said(f"{name}: {why}")
            else:
                said(f"{name}: {results[name][-1]}")

    results["memory"] = memory([sizes.pending // 10, sizes.pending])
    said(f"memory: {results['memory']}")
    again("yardstick", lambda: bare_loop(scene, records=sizes.backlog, with_http=False))
    again("bare", lambda: bare_loop(scene, records=sizes.backlog, with_http=True))
    again("polling", lambda: polling(scene, messages=sizes.polled))
    again("drain", lambda: draining(scene, pages=sizes.pages))
    results["shares"] = sharing(scene, backlog=sizes.backlog)
    said(f"shares: {results['shares']}")
    with stored(scene, messages=sizes.pending) as place:
        again("restore", lambda: restored(place, sizes.pending))
    return results
