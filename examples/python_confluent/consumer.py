"""Status changes by confluent-kafka: read committed, held against the schema, each handled once, however often sent."""

import argparse
import json
import signal
import sqlite3
import sys
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message
from jsonschema import Draft202012Validator, ValidationError

TOPICS = "delivery.delivered.v1,delivery.seen.v1,delivery.failed.v1,delivery.answered.v1"
SCHEMA = (Path(__file__).parent / "../../schemas/status_changed.v1.schema.json").resolve()
CHANNELS = {"viber", "sms", "whatsapp", "push", "voice", "unknown"}  # open: all else is "other"
TABLES = """
CREATE TABLE IF NOT EXISTS handled (event_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS messages (message TEXT PRIMARY KEY, sequence INTEGER, type TEXT);
CREATE TABLE IF NOT EXISTS set_aside (place TEXT PRIMARY KEY, reason TEXT, value BLOB);
"""
# Two topics may be read in any order: only a higher sequence is news of the message.
NEWEST = """
INSERT INTO messages VALUES (?, ?, ?) ON CONFLICT (message) DO UPDATE
SET sequence = excluded.sequence, type = excluded.type WHERE excluded.sequence > messages.sequence
"""


def schema_of(path: Path) -> Draft202012Validator:
    """Read the schema, or end with a line that names the option."""
    try:
        return Draft202012Validator(json.loads(path.read_bytes()))
    except FileNotFoundError:
        sys.exit(f"{path}: No such file; name a copy of {SCHEMA.name} with --schema")


def handle(store: sqlite3.Connection, schema: Draft202012Validator, record: Message) -> dict[str, Any] | None:
    """Do the work of one record inside the caller's transaction, and return the line for a new event."""
    # Not the errors' own words: they would show the value.
    try:
        schema.validate(event := json.loads(record.value() or b""))
        return work(store, event)
    except ValidationError as error:
        set_aside(store, record, f"{error.json_path}: {error.validator}")
    except (ValueError, RecursionError, OverflowError):
        set_aside(store, record, "not JSON, or beyond what is kept here")
    return None


def work(store: sqlite3.Connection, event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Note the event and return its line, None if it was noted before."""
    if not store.execute("INSERT OR IGNORE INTO handled VALUES (?)", [event["event_id"]]).rowcount:
        return None
    message = f"{event['account']}/{event['message_id'] or event['extra_id']}"
    newest = store.execute(NEWEST, [message, event["sequence"], event["type"]]).rowcount == 1
    channel = event["channel"] if event["channel"] in CHANNELS else "other"
    return {key: event[key] for key in ("event_id", "type", "sequence")} | {
        "message": message,
        "channel": channel,
        "newest": newest,
    }


def set_aside(store: sqlite3.Connection, record: Message, reason: str) -> None:
    """Keep what can't be read for a person, so that the stream goes on."""
    place = f"{record.topic()}/{record.partition()}/{record.offset()}"
    store.execute("INSERT OR IGNORE INTO set_aside VALUES (?, ?, ?)", [place, reason, record.value()])
    print(f"set aside {place}: {reason}", file=sys.stderr, flush=True)


def follow(options: argparse.Namespace, schema: Draft202012Validator, store: sqlite3.Connection) -> None:
    """Handle what comes, batch by batch: first the store's transaction, then the offsets."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    consumer = Consumer(
        {
            "bootstrap.servers": options.bootstrap_servers,
            "group.id": options.group,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(options.topics.split(","))
    new = 0
    while not stop.is_set() and not 0 < options.until <= new:
        records = [record for record in consumer.consume(500, timeout=0.5) if readable(record)]
        if not records:
            continue
        with store:
            lines = [line for record in records if (line := handle(store, schema, record))]
        for line in lines:
            print(json.dumps(line), flush=True)
        new += len(lines)
        try:
            consumer.commit(asynchronous=False)
        except KafkaException as error:  # the partitions moved: what comes again is known by its event_id
            print(f"not committed: {error!r}", file=sys.stderr, flush=True)
    consumer.close()


def readable(record: Message) -> bool:
    """Tell records from the errors that librdkafka hands out in their place; it tries again by itself."""
    if (error := record.error()) is not None:
        print(f"kafka: {error}", file=sys.stderr, flush=True)
    return error is None


def main() -> None:
    """Read the options and the schema, open the store, follow the topics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap-servers", default="127.0.0.1:9092")
    parser.add_argument("--topics", default=TOPICS, help="separated by commas")
    parser.add_argument("--group", default="status-changes")
    parser.add_argument("--store", default="status-changes.sqlite")
    parser.add_argument("--schema", type=Path, default=SCHEMA, help="default: the one of the repository")
    parser.add_argument("--until", type=int, default=0, help="end after so many new events; 0: never")
    options = parser.parse_args()
    schema = schema_of(options.schema)
    with closing(sqlite3.connect(options.store)) as store:
        store.executescript(TABLES)
        follow(options, schema, store)


if __name__ == "__main__":
    main()
