"""Why a process is not ready for work, in words for whoever asks /ready."""

from typing import Any

from relay.ingest.subscribers import Ingest
from relay.slot.drains import Drains
from relay.slot.loop import Loop
from relay.watchdog import Watched


def why_not_ready(loop: Loop, ingest: Ingest | None, drains: Drains, watched: Watched) -> dict[str, Any] | None:
    """Return what a running process waits for; None if every assigned partition is restored and Kafka takes records."""
    ownership = loop.ownership
    if watched.kafka_lost or loop.awaits_kafka:
        return {"why": "Kafka does not answer"}
    if drains.delayed:
        return {"why": "Kafka does not take answers of drains", "drains": sorted(drains.held)}
    refusing = set(ingest.waiting.values()) if ingest is not None else set()
    if loop.letters.wait_in(ownership.slots):
        refusing.add(loop.letters.topic)
    if refusing:
        return {"why": "Kafka does not take records", "topics": sorted(refusing)}
    if not ownership.joined:
        return {"why": "joining the consumer group"}
    if not ownership.ready():
        return {"why": "restoring slots", "slots": len(ownership.slots)}
    return None
