"""Prints the pinned jars of a Kafka version: run by a developer when the version changes, never by the relay.

`python -m relay.kafka.embedded.pin 4.2.0 > relay/kafka/embedded/kafka-4.2.0.jars` asks jgo for every jar that the
broker needs and writes its coordinate beside its SHA-256; look the difference over before it is committed.
"""

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from relay.kafka.embedded.jars import artifact_store

LOGGING = "org.apache.logging.log4j"


def pinned_lines(version: str, folder: Path) -> Iterator[str]:
    """Resolve the broker's jars into `folder` and yield one line for each, sorted."""
    store = artifact_store(folder)
    broker = store.create_dependency(f"org.apache.kafka:kafka_2.13:{version}")
    inputs, transitive = store.resolver.resolve([broker])
    needed = [*inputs, *(dependency for dependency in transitive if dependency.scope in {"compile", "runtime"})]
    artifacts = [dependency.artifact for dependency in needed]
    # Kafka's own archive adds this bridge to the jars of the module; without it the broker logs nothing.
    bridged = next(artifact.version for artifact in artifacts if artifact.artifactId == "log4j-core")
    artifacts.append(store.project(LOGGING, "log4j-slf4j-impl").at_version(bridged).artifact())
    for artifact in sorted(artifacts, key=lambda each: (each.groupId, each.artifactId)):
        digest = hashlib.sha256(artifact.resolve().read_bytes()).hexdigest()
        yield f"{digest}  {artifact.groupId}:{artifact.artifactId}:{artifact.version}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(*pinned_lines(sys.argv[1], Path(scratch)), sep="\n")  # noqa: T201 -- its output is the pin
