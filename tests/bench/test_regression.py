"""The relay's CPU per fetch stays far below that of FastStream + httpx, both measured now; CPU time, no seconds."""

import pytest

from bench.contest import one_run
from bench.scene import staged
from relay.kafka.embedded.broker import EmbeddedKafka

BACKLOG = 3_000
AT_LEAST_TIMES = 3.0  # it is about ten on a quiet machine; a loaded one makes the difference smaller


@pytest.mark.kafka
def test_a_fetch_costs_a_fraction_of_what_it_costs_the_obvious_way(kafka: EmbeddedKafka) -> None:
    """Whoever makes the hot path several times slower hears of it here; small changes need `make bench`."""
    with staged(kafka) as made:
        relay, naive = (one_run(made, name, backlog=BACKLOG, latency_seconds=0) for name in ("relay", "naive-httpx"))
    assert naive["cpu_us"] / relay["cpu_us"] >= AT_LEAST_TIMES, (relay, naive)
