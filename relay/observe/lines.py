"""Every line the relay itself logs: its name, what it means, and the fields that come with it.

Ids only, never a body, a credential or a phone number.
"""

from enum import StrEnum, unique


@unique
class Line(StrEnum):
    """The `event` of a log line."""

    PROCESS_STARTED = "process.started"  # the process runs: version, source of the configuration
    PROCESS_STOPPED = "process.stopped"  # the process ends: why, exit code
    PROCESS_FAILED = "process.failed"  # a part of the process ended by an error: why; the process stops
    PART_ABANDONED = "part.abandoned"  # a part did not stop in time at the end of the process: why
    BROKER_STARTED = "broker.started"  # the embedded broker answers: its address
    HTTP_STARTED = "http.started"  # /live, /ready and /metrics answer: host, port
    WATCHDOG_FIRED = "watchdog.fired"  # something made no progress for too long; the process exits: why

    KAFKA_AWAITED = "kafka.awaited"  # Kafka doesn't answer, or not as needed; tried again: what, why
    KAFKA_DISCONNECTED = "kafka.disconnected"  # Kafka stopped answering a running process: why
    KAFKA_RECONNECTED = "kafka.reconnected"  # Kafka answers again
    TOPICS_CREATED = "topics.created"  # missing topics were created: topics

    INGEST_COMMITTED = "ingest.committed"  # debug: input records are in the inbox and passed: topic, count
    REQUEST_ACCEPTED = "request.accepted"  # canonical, one per handled request: kind, account, ids
    RECORD_DEAD_LETTERED = "record.dead_lettered"  # a record was refused: code, detail, topic, partition, offset
    DEAD_LETTERS_DELAYED = (
        "dead_letters.delayed"  # dead letters can't be written; their records wait: source, topic, why
    )
    FIELDS_IGNORED = (
        "fields.ignored"  # a request had fields the relay doesn't know: topic, partition, offset, account, names
    )

    SLOTS_ASSIGNED = "slots.assigned"  # the group gave partitions to this process: partitions
    SLOTS_REVOKED = "slots.revoked"  # the group took partitions away: partitions
    SLOTS_RESTORED = "slots.restored"  # slots know their state and work: partitions, records, seconds
    SLOTS_FAILED = "slots.failed"  # slots could not be acquired; tried again: partitions, error, detail
    TURN_COMMITTED = "turn.committed"  # debug: one transaction was committed: slots, events, seconds
    TURN_FAILED = "turn.failed"  # a transaction failed; its slots are acquired anew: why, slots, detail
    PRODUCER_REPLACED = "producer.replaced"  # the producer was thrown away and a new one started

    MESSAGE_CHANGED = "message.changed"  # canonical, one per published event: its facts and ids
    REPORT_UNMAPPED = (
        "report.unmapped"  # a report has a code that no table knows; counted as pending: account, fields, codes
    )
    REPORT_CONTRADICTED = "report.contradicted"  # the provider took back what it said; not published: account, message

    LOOKUP_FAILED = "lookup.failed"  # no usable answer; asked again later: account, ids, why, status
    ACCOUNT_PAUSED = "account.paused"  # nothing is asked for a while: account, why, seconds
    ACCOUNT_RESUMED = "account.resumed"  # a paused account is asked again: account
    BREAKER_OPENED = "breaker.opened"  # the provider fails; one lookup at a time probes it: account, why, seconds

    DRAIN_ANSWERED = "drain.answered"  # one per drain, debug if it brought nothing: account, ids, status, reports
    DRAIN_FAILED = "drain.failed"  # a drain brought no answer that can be read: account, why, status
    DRAIN_WITHDRAWN = "drain.withdrawn"  # too much time had passed since it was decided; not asked: account, drain_id
    DRAIN_DELAYED = "drain.delayed"  # a body that was read waits until Kafka takes it: account, drain_id, why
    DRAIN_ABANDONED = "drain.abandoned"  # the process ends without an answer, or before Kafka took it: drain_id, why
    GAP_FOUND = "gap.found"  # a drain may have consumed reports that we don't have: account, filter, why, count
    GAP_RECONCILED = "gap.reconciled"  # the log was read for a gap: account, filter, requests, reports
    GAP_DELAYED = "gap.delayed"  # the log could not be read for a gap; tried again: account, seconds
    GAP_ABANDONED = "gap.abandoned"  # the log can't tell of a gap (any more): account, filter, why
    LOG_FAILED = "log.failed"  # the provider's log could not be read; tried again: account, why, status
