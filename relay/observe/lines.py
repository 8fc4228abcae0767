"""Every line the relay itself logs: its name with its meaning, and the fields that come with it.

Ids only, never a body, a credential or a phone number. docs/logs.md is generated from here and from the log calls.
"""

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Self


@unique
class Line(StrEnum):
    """The `event` of a log line; `meaning` tells what happened, in a sentence."""

    meaning: str

    def __new__(cls, event: str, meaning: str) -> Self:
        """Make a member of its value, the event, and what it means."""
        line = str.__new__(cls, event)
        line._value_ = event
        line.meaning = meaning
        return line

    PROCESS_STARTED = "process.started", "The process runs."
    PROCESS_STOPPED = "process.stopped", "The process ends, by itself or because it was asked to."
    PROCESS_FAILED = "process.failed", "A part of the process ended by an error; the process stops."
    PART_ABANDONED = "part.abandoned", "A part did not stop in time at the end of the process."
    BROKER_STARTED = "broker.started", "The embedded broker answers."
    HTTP_STARTED = "http.started", "/live, /ready and /metrics answer."
    WATCHDOG_FIRED = "watchdog.fired", "Something made no progress for too long; the process exits with 1."

    KAFKA_AWAITED = "kafka.awaited", "Kafka doesn't answer, or not as needed; tried again."
    KAFKA_DISCONNECTED = "kafka.disconnected", "Kafka stopped answering a running process."
    KAFKA_RECONNECTED = "kafka.reconnected", "Kafka answers again."
    TOPICS_CREATED = "topics.created", "Missing topics were created."

    INGEST_COMMITTED = "ingest.committed", "Input records are in the inbox and passed."
    REQUEST_ACCEPTED = "request.accepted", "Canonical, one for each handled request."
    RECORD_DEAD_LETTERED = "record.dead_lettered", "A record was refused; its dead letter says why."
    DEAD_LETTERS_DELAYED = "dead_letters.delayed", "Dead letters can't be written; their records wait."
    FIELDS_IGNORED = "fields.ignored", "A request had fields that the relay doesn't know."

    SLOTS_ASSIGNED = "slots.assigned", "The group gave partitions to this process."
    SLOTS_REVOKED = "slots.revoked", "The group took partitions away."
    SLOTS_RESTORED = "slots.restored", "Slots know their state and work."
    SLOTS_FAILED = "slots.failed", "Slots could not be acquired; tried again."
    OFFSETS_BYPASSED = (
        "offsets.bypassed",
        "Kafka did not end a transaction on the group's offsets; some are read again.",
    )
    TURN_COMMITTED = "turn.committed", "One transaction was committed."
    TURN_FAILED = "turn.failed", "A transaction failed; its slots are acquired anew."
    PRODUCER_REPLACED = "producer.replaced", "The producer was thrown away and a new one started."

    MESSAGE_CHANGED = "message.changed", "Canonical, one for each published event."
    REPORT_UNMAPPED = "report.unmapped", "A report has a code that no table knows; it counts as pending."
    REPORT_CONTRADICTED = "report.contradicted", "The provider took back what it said; that is not published."

    LOOKUP_ENDED = "lookup.ended", "One for each lookup that ended, whatever it brought."
    LOOKUP_FAILED = "lookup.failed", "No usable answer; asked again later."
    ACCOUNT_PAUSED = "account.paused", "Nothing is asked for a while."
    ACCOUNT_RESUMED = "account.resumed", "A paused account is asked again."
    BREAKER_OPENED = "breaker.opened", "The provider fails; one lookup at a time probes it."

    DRAIN_ANSWERED = "drain.answered", "One for each drain that was answered; at debug if it brought nothing."
    DRAIN_FAILED = "drain.failed", "A drain brought no answer that can be read."
    DRAIN_WITHDRAWN = "drain.withdrawn", "Too much time had passed since the drain was decided; not asked."
    DRAIN_DELAYED = "drain.delayed", "A body that was read waits until Kafka takes it."
    DRAIN_ABANDONED = "drain.abandoned", "The process ends without a drain's answer, or before Kafka took it."
    GAP_FOUND = "gap.found", "A drain may have consumed reports that we don't have."
    GAP_RECONCILED = "gap.reconciled", "The provider's log was read for a gap."
    GAP_DELAYED = "gap.delayed", "The log could not be read for a gap; tried again."
    GAP_ABANDONED = "gap.abandoned", "The log can't tell of a gap (any more): reports may be lost."
    LOG_FAILED = "log.failed", "The provider's log could not be read; tried again."


FIELDS: Mapping[str, str] = {
    "account": "the configured account; with `/log` behind it the account's log, which is asked by its own limits",
    "bootstrap_servers": "the brokers' addresses",
    "bulk_id": "the bulk asked for; null for any",
    "channel": "the channel of the change",
    "code": "which rule was broken, the dead letter's `reason.code`",
    "codes": "the provider's codes, without its texts",
    "configuration": "the file that was read",
    "correlation_id": "as it came in with the request",
    "data": "the folder of the broker's data",
    "dead_letter_id": "the dead letter's id",
    "detail": "more words to `why`, often an error's text",
    "drain_id": "the drain, as `relay explain --account` shows it",
    "drains": "how many drains the gap counts",
    "error": "the class of an error",
    "event_id": "the published event's id",
    "events": "how many events the transaction published",
    "exception": "class, text and place of an error",
    "exit_code": "of the process",
    "extra_id": "the message's second id",
    "fields": "the report's fields whose codes are unknown",
    "first_at": "when the gap's first drain was meant",
    "fix": "what to do about it",
    "host": "the address that is listened on",
    "inferred": "the relay concluded the change, the provider did not say it",
    "kind": "`fetch` or `sent`: which input topic",
    "last_at": "when the gap's last drain was meant",
    "late": "the answer came after its drain was given up",
    "message": "the message's id, or `extra/` and its second id",
    "message_id": "the message's id",
    "names": "the unknown fields' names",
    "offset": "of the input record",
    "outcome": "what it brought, a label of `relay_drains_total` or `relay_lookups_total`",
    "part": "the part of the process",
    "partition": "of the input record",
    "partitions": "the partitions of inbox, raw and state",
    "port": "the port that is listened on",
    "reason": "the category of a failure",
    "records": "how many records were read",
    "reports": "how many reports could be read",
    "request_id": "the newest request's id",
    "requests": "how many requests to the log it took",
    "said": "the provider's own words, where it answered with an error; long numbers masked",
    "seconds": "how long it took, or will take",
    "sequence": "the event's place within its message",
    "slots": "how many slots took part",
    "source": "the input topic's reader, or `slots`",
    "status": "the HTTP status, null without an answer",
    "supersedes": "the id of the event that this one replaces",
    "topic": "the topic that is meant",
    "topics": "the topics' names",
    "type": "of the event: delivered, seen, failed, answered",
    "unreadable": "how many reports could not be read",
    "version": "of the relay",
    "what": "what Kafka is needed for",
    "why": "the reason, in a word or a sentence",
}
"""What the fields of the lines mean; each field of a log call stands here."""
