"""Offsets of a consumer group, changed as an operator changes them."""

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from tests.polling import eventually_async
from tests.running import World


async def rewind(relay: World, group: str, *topics: str) -> None:
    """Set a group's offsets to the beginning that the topics have, as an operator can while no member is there."""
    places = [TopicPartition(topic, number) for topic in topics for number in range(relay.partitions)]
    admin = AIOKafkaAdminClient(bootstrap_servers=relay.bootstrap_servers)
    await admin.start()

    async def empty() -> bool:
        (answer,) = await admin.describe_consumer_groups([group])
        return answer.groups[0][2] in ("Empty", "Dead")

    try:
        await eventually_async(empty, seconds=30, what="empty group")
    finally:
        await admin.close()
    async with AIOKafkaConsumer(
        bootstrap_servers=relay.bootstrap_servers, group_id=group, enable_auto_commit=False
    ) as consumer:
        consumer.assign(places)
        await consumer.commit(await consumer.beginning_offsets(places))


async def trim(relay: World, group: str, topic: str, *, kept: int) -> None:
    """Delete what a group has read of a topic but its last records, so many over all partitions, as retention does."""
    places = [TopicPartition(topic, number) for number in range(relay.partitions)]
    async with AIOKafkaConsumer(
        bootstrap_servers=relay.bootstrap_servers, group_id=group, enable_auto_commit=False
    ) as consumer:
        ends = await consumer.end_offsets(places)
        read = {place: await consumer.committed(place) or 0 for place in places}
    each = kept // relay.partitions
    befores = {place: RecordsToDelete(max(0, min(read[place], ends[place] - each))) for place in places}
    admin = AIOKafkaAdminClient(bootstrap_servers=relay.bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_records(befores)
    finally:
        await admin.close()
