"""A consumer of status changes: read committed, each event handled once."""

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer

TOPICS = ("delivery.delivered.v1", "delivery.seen.v1", "delivery.failed.v1", "delivery.answered.v1")


async def main(bootstrap_servers: str) -> None:
    """Print each status change once, and commit what was handled."""
    handled: set[str] = set()  # in your service: a unique column beside your own work, written in one transaction
    async with AIOKafkaConsumer(
        *TOPICS,
        bootstrap_servers=bootstrap_servers,
        group_id="billing",
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    ) as consumer:
        async for record in consumer:
            event = json.loads(record.value)
            if event["event_id"] not in handled:
                handled.add(event["event_id"])
                sys.stdout.write(f"{event['type']} {event['message_id']} on {event['channel']}\n")
                sys.stdout.flush()
            await consumer.commit()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
