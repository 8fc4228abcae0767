"""Writes records as a client in another language could: any header name, and a codec for one record alone."""

from typing import Any

from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from tests.running import World

MAGIC, ONE_RECORD = 2, 64 * 1_048_576


class AnyName(str):
    """A header name whose lone surrogates go on the wire as the bytes that they stand for."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        """Give the bytes that go on the wire."""
        return str.encode(self, "utf-8", "surrogateescape")


async def write_alone(
    relay: World,
    topic: str,
    value: bytes | None,
    *,
    key: bytes | None,
    headers: Any = (),
    codec: int = 0,
    partition: int = 0,
) -> Any:
    """Write a batch of one record and wait for its acknowledgement, which tells where it lies."""
    batch = relay.producer.create_batch()
    builder = _DefaultRecordBatchBuilderPy(MAGIC, codec, 0, -1, -1, 0, ONE_RECORD)
    builder.append(0, None, key, value, [(AnyName(name), text) for name, text in headers])
    batch._builder, batch._relative_offset = builder, 1
    return await (await relay.producer.send_batch(batch, relay.topics[topic], partition=partition))
