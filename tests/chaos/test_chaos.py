"""The short form of `make chaos`: a few rounds of faults, and a checker that has been seen to fail."""

import random
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import pytest

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator.server import Simulator
from tests.chaos.checker import CLEAN, Verdict, exceeded
from tests.chaos.faults import FAULTS, dealt
from tests.chaos.poison import Poison
from tests.chaos.rounds import Rate, Round, played, whole
from tests.chaos.scene import LAUNCHER, LIMITS, scene
from tests.chaos.tail import Tail
from tests.running import SITE, World

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

LOSSY = ("-m", "tests.chaos.lossy")
SHORT_ROUNDS = ("broker: killed", "replica: both killed", "provider: voice cuts after consumption")
RATE = Rate(messages=60, calls=20)


async def test_faults_under_load_lose_and_repeat_nothing(tmp_path: Path) -> None:
    """One long-lived group lives through a killed broker, two crashes at once, and answers lost after consumption."""
    with EmbeddedKafka.start(data=tmp_path / "kafka") as broker:
        async with scene([broker], tmp_path) as made:
            for number, fault in enumerate(SHORT_ROUNDS):
                done = await played(made, number=number, fault=fault, strike=FAULTS[fault], seed=5, rate=RATE)
                assert done.clean, done
            assert whole(made) == CLEAN


async def _seen_to_fail(
    kafka: EmbeddedKafka, folder: Path, fault: str, launcher: tuple[str, ...], environment: Mapping[str, str]
) -> tuple[Round, Verdict]:
    servers = kafka.bootstrap_servers
    async with scene(
        [], folder, bootstrap_servers=servers, launcher=launcher, environment=environment, patience_seconds=8
    ) as made:
        done = await played(made, number=1, fault=fault, strike=FAULTS[fault], seed=5, rate=RATE)
        return done, whole(made)


async def test_the_checker_finds_a_relay_that_loses(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """One event in fifty is dropped before the commit: lost, and where another follows, a gap."""
    done, at_the_end = await _seen_to_fail(kafka, tmp_path, "none", LOSSY, {})
    assert len(done.verdict.lost) >= 2
    assert at_the_end.lost
    assert not at_the_end.duplicated


async def test_the_checker_finds_a_relay_without_fencing(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """A replica that is frozen before it writes, replaced and woken, writes what its heir wrote already."""
    fault = "replica: frozen before its sends"
    done, at_the_end = await _seen_to_fail(kafka, tmp_path, fault, LAUNCHER, {"FENCING": "off"})
    assert done.verdict.duplicated
    assert at_the_end.duplicated


def test_a_hostile_record_without_its_letter_is_found(tmp_path: Path) -> None:
    """Lost without one; contradictory where a letter gives back something else, or has two ids for one record."""
    world = World(bootstrap_servers="127.0.0.1:1", folder=tmp_path, simulator=Simulator(hyber=SITE))
    poison = Poison(world, random.Random(1))
    poison.written = {("in", 0, 7): "right", ("in", 0, 8): "right"}
    letter = {"dead_letter_id": "a", "place": ("in", 0, 7), "digest": "right"}
    other = {"dead_letter_id": "b", "place": ("in", 0, 8), "digest": "right"}
    assert poison.judge([letter, other, letter]) == CLEAN
    assert poison.judge([letter]).lost == ("hostile record in/0/8: no letter",)
    assert len(poison.judge([letter, other, {**other, "digest": "else"}]).contradictory) == 1
    assert len(poison.judge([letter, other, {**other, "dead_letter_id": "c"}]).contradictory) == 1
    unknown = {"dead_letter_id": "d", "place": ("in", 1, 0), "digest": "of no kind"}
    assert len(poison.judge([letter, other, unknown]).contradictory) == 1


def test_a_seed_repeats_the_order_of_faults() -> None:
    """Each deal has every fault once, in an order that the seed fixes."""
    names = list(FAULTS)
    assert list(islice(dealt(names, 1), 60)) == list(islice(dealt(names, 1), 60))
    assert list(islice(dealt(names, 1), 30)) != list(islice(dealt(names, 2), 30))
    assert sorted(islice(dealt(names, 1), len(names))) == sorted(names)


def test_limits_that_were_not_kept_are_named() -> None:
    """Each is held to what was configured."""
    kept = {"lookups in flight": 32, "lookups in a second": 600, "drains in flight": 1, "log requests in a minute": 120}
    assert exceeded(kept, LIMITS) == CLEAN
    over = exceeded({name: count * 2 + 1 for name, count in kept.items()}, LIMITS).exceeded
    assert over[0] == "lookups in flight: 65 of 32"
    assert len(over) == len(kept)


def test_a_growing_log_is_counted_once(tmp_path: Path) -> None:
    """A line that is not whole yet counts when it is."""
    log = tmp_path / "a.log"
    log.write_text('{"event":"slots.assigned"}\n{"event":"slots.ass')
    tail = Tail(path=log)
    assert (tail.count("slots.assigned"), tail.count("slots.assigned")) == (1, 1)
    with log.open("a") as grown:
        grown.write('igned"}\nno JSON\n')
    assert (tail.count("slots.assigned"), tail.count("slots.revoked")) == (2, 0)
