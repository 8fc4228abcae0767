"""The yardstick: fetches and transactions and nothing else, as bare as Python with the same libraries can be.

Per record: one GET, one pydantic model, a 600-byte event and a 200-byte state; per turn one transaction. No contracts,
no inbox, no state machine, no timers, no limits, no logs.
"""

import asyncio
import json
import sys
import time
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import TypeAdapter
from pyreqwest.client import ClientBuilder

from relay.providers.hyber.wire import AdvancedAnswer

ANSWER = TypeAdapter(AdvancedAnswer)
CONCURRENCY = 200
PADDING = "x" * 300


async def main(bootstrap: str, source: str, sink: str, state: str, url: str, count: int) -> None:
    """Fetch for `count` records of the source topic; print how many a second, and the CPU for each."""
    consumer = AIOKafkaConsumer(
        source, bootstrap_servers=bootstrap, group_id=f"bare-{time.time()}", enable_auto_commit=False,
        auto_offset_reset="earliest", isolation_level="read_committed",
    )  # fmt: skip
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, transactional_id=f"bare-{time.time()}", acks="all", max_batch_size=262_144
    )
    await consumer.start()
    await producer.start()
    client = ClientBuilder().build()
    allowed = asyncio.Semaphore(CONCURRENCY)

    async def fetch(record: Any) -> tuple[Any, AdvancedAnswer]:
        async with allowed:
            response = (
                await client.get(f"{url}/1021/api/dr/{json.loads(record.value)['message_id']}/advanced").build().send()
            )
            return record, ANSWER.validate_json(bytes(await response.bytes()))

    done, began, cpu = 0, 0.0, 0.0
    while done < count:
        fetched = await consumer.getmany(timeout_ms=100, max_records=500)
        if fetched and not began:
            began, cpu = time.perf_counter(), time.process_time()
        answers = await asyncio.gather(*(fetch(record) for records in fetched.values() for record in records))
        if not answers:
            continue
        async with producer.transaction():
            sent = []
            for record, answer in answers:
                event = json.dumps({"report": answer.model_dump(mode="json"), "padding": PADDING}).encode()
                sent.append(await producer.send(sink, event, key=record.key, partition=record.partition))
                sent.append(
                    await producer.send(state, PADDING[:200].encode(), key=record.key, partition=record.partition)
                )
            await asyncio.gather(*sent)
            offsets = {tp: records[-1].offset + 1 for tp, records in fetched.items()}
            await producer.send_offsets_to_transaction(offsets, consumer._group_id)
        done += len(answers)
    seconds = time.perf_counter() - began
    sys.stdout.write(
        json.dumps({"per_second": round(done / seconds), "cpu_us": round((time.process_time() - cpu) / done * 1e6)})
        + "\n"
    )
    await consumer.stop()
    await producer.stop()
    await client.close()


if __name__ == "__main__":
    bootstrap, source, sink, state, url, count = sys.argv[1:]
    asyncio.run(main(bootstrap, source, sink, state, url, int(count)))
