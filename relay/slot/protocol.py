"""Two requests of Kafka's protocol that aiokafka 0.14 lacks: TxnOffsetCommit v3 and OffsetFetch v7 (KIP-447).

aiokafka speaks TxnOffsetCommit v0 and OffsetFetch v3 at most: no generation of the member, no `require_stable`.
"""

from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

TEXT, TAGS = CompactString("utf-8"), ("tags", TaggedFields)


class TxnOffsetCommitResponse_v3(Response):
    API_KEY, API_VERSION = 28, 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("topic", TEXT), ("partitions", CompactArray(("partition", Int32), ("error_code", Int16), TAGS)), TAGS
            ),
        ),
        TAGS,
    )


class TxnOffsetCommitRequest_v3(RequestStruct):
    API_KEY, API_VERSION, FLEXIBLE_VERSION = 28, 3, True
    RESPONSE_TYPE = TxnOffsetCommitResponse_v3
    SCHEMA = Schema(
        ("transactional_id", TEXT),
        ("group_id", TEXT),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("generation_id", Int32),
        ("member_id", TEXT),
        ("group_instance_id", TEXT),
        (
            "topics",
            CompactArray(
                ("topic", TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32), ("offset", Int64), ("leader_epoch", Int32), ("metadata", TEXT), TAGS
                    ),
                ),
                TAGS,
            ),
        ),
        TAGS,
    )


class TxnOffsetCommit(Request[TxnOffsetCommitRequest_v3]):
    API_KEY = 28

    def __init__(self, *fields: object) -> None:
        self._fields = fields

    def build(self, request_struct_class: Any) -> Any:
        return request_struct_class(*self._fields)


class OffsetFetchResponse_v7(Response):
    API_KEY, API_VERSION = 9, 7
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("topic", TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("offset", Int64),
                        ("leader_epoch", Int32),
                        ("metadata", TEXT),
                        ("error_code", Int16),
                        TAGS,
                    ),
                ),
                TAGS,
            ),
        ),
        ("error_code", Int16),
        TAGS,
    )


class OffsetFetchRequest_v7(RequestStruct):
    API_KEY, API_VERSION, FLEXIBLE_VERSION = 9, 7, True
    RESPONSE_TYPE = OffsetFetchResponse_v7
    SCHEMA = Schema(
        ("group_id", TEXT),
        ("topics", CompactArray(("topic", TEXT), ("partitions", CompactArray(Int32)), TAGS)),
        ("require_stable", Boolean),
        TAGS,
    )


class OffsetFetch(Request[OffsetFetchRequest_v7]):
    API_KEY = 9

    def __init__(self, *fields: object) -> None:
        self._fields = fields

    def build(self, request_struct_class: Any) -> Any:
        return request_struct_class(*self._fields)
