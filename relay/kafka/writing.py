"""Writes records outside transactions until Kafka has acknowledged them, however long that takes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer

from relay.kafka.abandoning import abandon
from relay.kafka.records import Outgoing, batches

RECORD_BYTES = 32 * 1_048_576
ATTEMPT_SECONDS = 30
WAIT_SECONDS = 1.0

Delayed = Callable[[str, Exception], None]


class Writer:
    """An idempotent producer that is replaced after any error, since aiokafka's can stay broken for ever."""

    def __init__(self, options: Mapping[str, Any], *, compression: str | None = None) -> None:
        self._options = options
        self._compression = compression
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def write(self, records: Sequence[Outgoing], delayed: Delayed) -> None:
        """Write the records and wait for every acknowledgement; `delayed` hears of each failed attempt.

        At least once: an attempt that failed may have written some of them.
        """
        while records:
            producer = None
            try:
                async with asyncio.timeout(ATTEMPT_SECONDS):
                    producer = await self._started()
                    futures = [await queued for queued in batches(producer, records)]
                    await asyncio.gather(*futures)
            except Exception as error:  # noqa: BLE001 - whatever it was, the records are not acknowledged yet
                delayed(records[0].topic, error)
                await self._replace(producer)
                await asyncio.sleep(WAIT_SECONDS)
            else:
                return

    async def stop(self) -> None:
        """Close the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:  # two input topics may write through one writer
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._options,
                    acks="all",
                    enable_idempotence=True,
                    max_request_size=RECORD_BYTES,
                    max_batch_size=262_144,
                    compression_type=self._compression,
                )
                try:
                    await producer.start()
                except BaseException:
                    await abandon(producer)
                    raise
                self._producer = producer
            return self._producer

    async def _replace(self, failed: AIOKafkaProducer | None) -> None:
        """Throw the producer of a failed attempt away, unless the other writer did."""
        if failed is not None and self._producer is failed:
            self._producer = None
            await abandon(failed)
