"""All contestants in turn, round after round, each with fresh topics and processes."""

from collections.abc import Callable, Sequence
from typing import Any

from bench.backlog import warm, worked
from bench.benthos_engine import NotBuilt
from bench.contestants import CONTESTANTS
from bench.figures import RATES
from bench.latency import delays
from bench.scene import Scene
from bench.serving import answer_seconds, capacity
from bench.topics import Reader, Writer
from bench.waiting import TooLong


def contest(
    scene: Scene,
    names: Sequence[str],
    *,
    rounds: int,
    backlog: int,
    latency_seconds: float,
    said: Callable[[str], None],
) -> dict[str, Any]:
    """Return what each contestant did in each round; who can't take part is skipped, and why."""
    results: dict[str, Any] = {
        name: {"title": CONTESTANTS[name].title, "promises": CONTESTANTS[name].promises, "runs": [], "failures": []}
        for name in names
    }
    for number in range(1, rounds + 1):
        for name in names:
            if "skipped" in results[name]:
                continue
            try:
                run = one_run(scene, name, backlog=backlog, latency_seconds=latency_seconds)
            except NotBuilt as why:
                results[name]["skipped"] = str(why)
                said(f"{name}: skipped, {why}")
                continue
            except TooLong as why:  # the rounds before and after it are worth having
                results[name]["failures"].append(str(why).splitlines()[0])
                said(f"round {number}, {name}: {why}")
                continue
            results[name]["runs"].append(run)
            said(f"round {number}, {name}: {run['per_second']} fetches/s, {run['cpu_us']} µs of CPU each")
    return results


def one_run(scene: Scene, name: str, *, backlog: int, latency_seconds: float) -> dict[str, Any]:
    """Let one contestant work off its part of the backlog, then answer at even rates."""
    contestant = CONTESTANTS[name]
    with scene.place() as place:
        place.topics.create("fetch_requests", "delivered")
        names = place.topics.names
        with (
            contestant.start(place) as running,
            Reader(scene.bootstrap, [names["delivered"]]) as reader,
            Writer(scene.bootstrap, names["fetch_requests"]) as writer,
        ):
            warm(running, reader, writer)
            done = worked(running, reader, writer, scene.around, round(backlog * contestant.part))
            took = [
                delays(running, reader, writer, rate, latency_seconds if rate < done.per_second else 0)
                for rate in RATES
                if latency_seconds
            ]
        return {**done.as_json(), "delays": [one.as_json() for one in took]}


def provider_figures(scene: Scene) -> dict[str, Any]:
    """Show that the provider is not what limits the others."""
    port = scene.upstream.port
    return {
        "server": scene.upstream.server,
        "capacity_per_second": round(capacity(port)),
        "answer_ms": round(answer_seconds(port) * 1000, 3),
    }
