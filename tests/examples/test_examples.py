"""Each example against a real broker: what it must read once, what it must not read, what it must set aside."""

import base64
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from relay.kafka.embedded.broker import EmbeddedKafka
from tests.examples.runtimes import EXAMPLES, ROOT, java, node_kafkajs, python_aiokafka, python_confluent
from tests.polling import eventually

TYPES = ("delivered", "seen", "failed", "answered")
VALID = [
    json.loads(path.read_bytes()) for path in sorted((ROOT / "schemas/examples/status_changed/valid").glob("*.json"))
]
INVALID = (ROOT / "schemas/examples/status_changed/invalid/sequence-zero.json").read_bytes()
README, SCHEMA = EXAMPLES / "README.md", ROOT / "schemas/status_changed.v1.schema.json"
CONSUMERS = [python_aiokafka, python_confluent, node_kafkajs, java]
JOURNALS = [node_kafkajs, java]
EXIT_CODES = {java: 143}  # a JVM that was asked to end and did

each_example = pytest.mark.parametrize("example", CONSUMERS, ids=lambda example: str(example.__name__))

Record = tuple[str, bytes | None]
"""The kind of its topic, and the value."""


def an_event(like: Mapping[str, Any] = VALID[0], **fields: Any) -> dict[str, Any]:
    """Return an event of a message of its own, with other fields where given."""
    id_field = "extra_id" if like["message_id"] is None else "message_id"
    return {**like, "event_id": str(uuid.uuid4()), id_field: str(uuid.uuid4()), **fields}


def written(event: Mapping[str, Any]) -> Record:
    """Return the event as a record of its topic."""
    return str(event["type"]), json.dumps(event).encode()


def line_of(event: Mapping[str, Any], *, channel: str | None = None, newest: bool = True) -> dict[str, Any]:
    """Return what an example prints of an event."""
    message = f"{event['account']}/{event['message_id'] or event['extra_id']}"
    shown = {key: event[key] for key in ("event_id", "type", "sequence")}
    return shown | {"message": message, "channel": channel or event["channel"], "newest": newest}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Topics of one test on the shared broker, and an example that is run on them."""

    bootstrap_servers: str
    prefix: str
    command: Sequence[str]
    folder: Path

    def topic(self, kind: str) -> str:
        """Return the name of a topic."""
        return f"{self.prefix}.{kind}"

    async def create_topics(self) -> None:
        """Create the four topics, one partition each, so that what is written first is read first."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(self.topic(kind), 1, 1) for kind in TYPES])
        finally:
            await admin.close()

    async def write(self, *transactions: Sequence[Record], abort: bool = False) -> None:
        """Write records in transactions, as the relay does, and commit or abort them."""
        async with AIOKafkaProducer(
            bootstrap_servers=self.bootstrap_servers, transactional_id=f"{self.prefix}-{uuid.uuid4()}"
        ) as producer:
            for records in transactions:
                await producer.begin_transaction()
                for kind, value in records:
                    await producer.send_and_wait(self.topic(kind), value, key=b"key")
                await (producer.abort_transaction() if abort else producer.commit_transaction())

    @contextmanager
    def running(self, group: str, store: str, *more: str) -> Iterator[tuple[subprocess.Popen[bytes], Path, Path]]:
        """Run the example; gives its process and the files with its output and its complaints."""
        out, errors = (self.folder / f"{store}-{group}.{kind}" for kind in ("out", "err"))
        options = {
            "--bootstrap-servers": self.bootstrap_servers,
            "--topics": ",".join(map(self.topic, TYPES)),
            "--group": f"{self.prefix}.{group}",
            "--store": str(self.folder / store),
        }
        command = [*self.command, *(word for pair in options.items() for word in pair), *more]
        with out.open("wb") as stdout, errors.open("wb") as stderr:
            process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        try:
            yield process, out, errors
        finally:
            process.kill()
            process.wait()

    async def ended(self, group: str, store: str, until: int, *more: str) -> tuple[list[dict[str, Any]], str]:
        """Run the example until it has seen so many new events; return what it printed and its complaints."""
        with self.running(group, store, "--until", str(until), *more) as (process, out, errors):
            await eventually(lambda: process.poll() is not None, what="end")
            assert process.returncode == 0, errors.read_text()
            return lines(out), errors.read_text()


def lines(out: Path) -> list[dict[str, Any]]:
    """Return what was printed so far."""
    return [json.loads(line) for line in out.read_text().splitlines(keepends=True) if line.endswith("\n")]


def by_id(printed: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Sort lines, for topics may be read in any order."""
    return sorted(printed, key=lambda line: str(line["event_id"]))


def values_aside(store: Path, *, journal: bool) -> list[bytes | None]:
    """Return the values that an example set aside, in the order in which they came."""
    if journal:
        values = [entry["value"] for entry in lines(store) if "reason" in entry]
        return [None if value is None else base64.b64decode(value) for value in values]
    with closing(sqlite3.connect(store)) as tables:
        return [value for (value,) in tables.execute("SELECT value FROM set_aside ORDER BY rowid")]


def copied_away(command: Sequence[str], folder: Path) -> list[str]:
    """Return the command of a copy of the example's folder, with nothing of the repository around it."""
    source = Path(command[-1])
    copy = shutil.copytree(source.parent, folder / "copied" / source.parent.name)
    return [*command[:-1], str(copy / source.name)]


@pytest.mark.kafka
@each_example
async def test_an_example_handles_each_event_once(
    kafka: EmbeddedKafka, tmp_path: Path, example: Callable[[], list[str]]
) -> None:
    """It skips what was aborted, repeated or broken, takes what is new in form, and goes on where it ended."""
    prefix = f"t{uuid.uuid4().hex[:10]}"
    stage = Stage(bootstrap_servers=kafka.bootstrap_servers, prefix=prefix, command=example(), folder=tmp_path)
    await stage.create_topics()

    known = [an_event(like) for like in VALID]
    strange = an_event(channel="carrier_pigeon", weather={"wind": "north"}, type="seen")
    later = an_event(sequence=2, type="failed")
    earlier = {**later, "event_id": str(uuid.uuid4()), "sequence": 1}
    await stage.write([written(event) for event in known])
    await stage.write([written(an_event()), ("failed", b"aborted")], abort=True)
    broken: list[Record] = [("failed", INVALID), ("failed", b'{"event_id": \xff}'), ("failed", b""), ("failed", None)]
    repeated, rest = map(written, known), map(written, (strange, later, earlier))
    await stage.write([*repeated], broken, [*rest])

    expected = [*map(line_of, known), line_of(strange, channel="other"), line_of(later)]
    expected.append(line_of(earlier, newest=False))
    printed, complaints = await stage.ended("first", "store", len(expected))
    assert by_id(printed) == by_id(expected)
    aside = [line for line in complaints.splitlines() if line.startswith("set aside")]
    assert [line.split(": ")[0].rpartition("/")[0] for line in aside] == [f"set aside {prefix}.failed/0"] * len(broken)
    assert "sequence: minimum" in aside[0]
    assert not any(str(json.loads(INVALID)["message_id"]) in line for line in aside)
    store, journal = tmp_path / "store", example in JOURNALS
    assert values_aside(store, journal=journal) == [value for _, value in broken]

    # Another store knows nothing, so only the group's offsets keep what was handled from coming again.
    fresh = an_event(type="seen")
    await stage.write([written(fresh)])
    with stage.running("first", "other-store") as (process, out, errors):
        await eventually(lambda: lines(out), what="event")
        process.send_signal(signal.SIGTERM)
        await eventually(lambda: process.poll() is not None, what="end")
        assert process.returncode == EXIT_CODES.get(example, 0), errors.read_text()
        assert lines(out) == [line_of(fresh)]

    # Another group is sent everything again, so only the store keeps it from being handled twice.
    if journal:
        store.write_bytes(store.read_bytes() + b'{"event_id": "cut off by a cra')
    # It is run as somebody would who copied it away.
    stage = replace(stage, command=copied_away(stage.command, tmp_path))
    schema = str(shutil.copy(SCHEMA, tmp_path))
    assert (await stage.ended("second", "store", 1, "--schema", schema))[0] == [line_of(fresh)]
    assert len(values_aside(store, journal=journal)) == len(broken)


@each_example
def test_an_example_without_its_schema_names_the_option(tmp_path: Path, example: Callable[[], list[str]]) -> None:
    """Copied away it says in one line what is missing; every option that the README tells is known."""
    options = re.findall(r"(?m)^\| `(--[a-z-]+)", README.read_text("utf-8"))
    assert "--schema" in options
    given = [word for option in options if option != "--schema" for word in (option, "1")]
    command = [*copied_away(example(), tmp_path), *given]
    missing = tmp_path / "nothing.json"
    for more, path in ([], tmp_path / "schemas" / SCHEMA.name), (["--schema", str(missing)], missing):
        done = subprocess.run([*command, *more], cwd=tmp_path, capture_output=True, text=True, check=False)
        expected = f"{path}: No such file; name a copy of {SCHEMA.name} with --schema\n"
        assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)


def test_the_readme_names_every_example() -> None:
    """That its links lead somewhere is tested with those of the other pages (tests/site)."""
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text("utf-8"))
    consumers = {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.glob("*/[cC]onsumer.*")}
    assert len(consumers) == len(CONSUMERS)
    assert consumers <= set(links)
