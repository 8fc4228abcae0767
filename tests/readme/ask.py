"""Asks the relay about one message and prints the status changes that follow within a minute.

Usage: ask.py [BOOTSTRAP_SERVERS [MESSAGE_ID]]
"""

import asyncio
import json
import sys
import uuid

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

TOPICS = ("delivery.delivered.v1", "delivery.seen.v1", "delivery.failed.v1", "delivery.dead-letters.v1")


async def main(bootstrap_servers: str = "127.0.0.1:9092", message_id: str = "") -> None:
    """Send one fetch request, follow the answers."""
    request = {"request_id": "req-1", "account": "hyber_main", "message_id": message_id or str(uuid.uuid4())}
    async with AIOKafkaConsumer(
        *TOPICS, bootstrap_servers=bootstrap_servers, isolation_level="read_committed", auto_offset_reset="earliest"
    ) as consumer:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
            await producer.send_and_wait("delivery.fetch-requests.v1", json.dumps(request).encode())
        sys.stdout.write(f"asked about {request['message_id']}\n")
        async with asyncio.timeout(60):
            async for record in consumer:
                if record.key == request["message_id"].encode():
                    sys.stdout.write(json.dumps(json.loads(record.value), indent=2) + "\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except TimeoutError:
        sys.stdout.write("that was a minute\n")
