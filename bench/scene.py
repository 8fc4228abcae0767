"""The stage of all measurements: one embedded broker and one provider, alike for all contestants."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.backlog import Around
from bench.running import Place
from bench.serving import Upstream, upstream
from bench.topics import Topics
from relay.kafka.embedded.broker import EmbeddedKafka


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A broker and a provider that run."""

    bootstrap: str
    upstream: Upstream
    around: Around
    folder: Path

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Give a contestant topics of its own, which are gone afterwards."""
        topics = Topics(self.bootstrap)
        try:
            yield Place(topics=topics, url=self.upstream.url, folder=self.folder)
        finally:
            topics.delete()


@contextmanager
def scene(*, nginx: bool = False) -> Iterator[Scene]:
    """Start both; `nginx`: let that be the provider if there is one."""
    with EmbeddedKafka.start() as kafka, staged(kafka, nginx=nginx) as made:
        yield made


@contextmanager
def staged(kafka: EmbeddedKafka, *, nginx: bool = False) -> Iterator[Scene]:
    """Start the provider beside a broker that runs."""
    assert kafka.pid is not None
    with tempfile.TemporaryDirectory(prefix="relay-bench-") as name, upstream(Path(name), nginx=nginx) as provider:
        yield Scene(
            bootstrap=kafka.bootstrap_servers,
            upstream=provider,
            around=Around(broker=kafka.pid, upstream=provider.pid),
            folder=Path(name),
        )
