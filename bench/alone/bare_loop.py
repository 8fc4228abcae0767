"""The yardstick: fetches and transactions and nothing else, as bare as Python with the same libraries can be.

Per record: one GET (none where no URL is given), one pydantic model, a 600-byte event and a 200-byte state; per turn
one transaction. No contracts, no inbox, no state machine, no timers, no limits, no logs.
`python -m bench.alone.bare_loop BOOTSTRAP SOURCE SINK STATE COUNT [URL]` prints records a second, and the CPU for each.
"""

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import TypeAdapter

from bench.bodies import HYBER_PATH, hyber_body
from relay.lookups.client import HttpClient
from relay.lookups.http import HttpRequest
from relay.providers.hyber.wire import HyberAnswer

ANSWER = TypeAdapter(HyberAnswer)
CONCURRENCY = 200
EVENT_BYTES, STATE = 600, b"x" * 200
PARTS = hyber_body("delivered", "|").split("|")
MICRO = 1e6

Ask = Callable[[str], Awaitable[bytes]]


async def canned(message_id: str) -> bytes:
    """Answer without asking anybody."""
    return message_id.join(PARTS).encode()


def asking(url: str) -> Ask:
    """Return what asks the provider, so many times at once."""
    client, allowed = HttpClient(url, headers={}, timeout_seconds=10), asyncio.Semaphore(CONCURRENCY)

    async def ask(message_id: str) -> bytes:
        async with allowed:
            response = await client.get(HttpRequest(f"{HYBER_PATH}/{message_id}/advanced"))
            return response.body

    return ask


async def turn(
    producer: AIOKafkaProducer, group: str, fetched: dict[Any, list[Any]], ask: Ask, sink: str, state: str
) -> int:
    """Ask about all records, then write what came of them in one transaction; return how many they were."""
    records = [record for some in fetched.values() for record in some]
    answers = await asyncio.gather(*(ask(json.loads(record.value)["message_id"]) for record in records))
    async with producer.transaction():
        sent = []
        for record, answer in zip(records, answers, strict=True):
            event = json.dumps({"report": ANSWER.validate_json(answer)}).ljust(EVENT_BYTES)
            place = {"key": record.key, "partition": record.partition}
            sent.append(await producer.send(sink, event.encode(), **place))
            sent.append(await producer.send(state, STATE, **place))
        await asyncio.gather(*sent)
        offsets = {tp: some[-1].offset + 1 for tp, some in fetched.items()}
        await producer.send_offsets_to_transaction(offsets, group)
    return len(records)


async def measured(bootstrap: str, source: str, sink: str, state: str, count: int, ask: Ask) -> dict[str, int]:
    """Work off `count` records of the source topic."""
    group = f"bare-{uuid.uuid4()}"
    consumer = AIOKafkaConsumer(
        source, bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False,
        auto_offset_reset="earliest", isolation_level="read_committed",
    )  # fmt: skip
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=group, acks="all", max_batch_size=262_144)
    async with consumer, producer:
        done, began, cpu = 0, 0.0, 0.0
        while done < count:
            fetched = await consumer.getmany(timeout_ms=100, max_records=500)
            if fetched and not began:
                began, cpu = time.perf_counter(), time.process_time()
            if fetched:
                done += await turn(producer, group, fetched, ask, sink, state)
        used, seconds = time.process_time() - cpu, time.perf_counter() - began
    return {"per_second": round(done / seconds), "cpu_us": round(used / done * MICRO)}


async def main(bootstrap: str, source: str, sink: str, state: str, count: str, url: str | None = None) -> None:
    """Measure and print."""
    figures = await measured(bootstrap, source, sink, state, int(count), asking(url) if url else canned)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
