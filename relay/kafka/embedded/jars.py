"""Gives the folder with Apache Kafka's jars, downloaded once for a user and verified against pinned checksums.

Takes jgo as the downloader. A second call never touches the network; a file that differs from its pin is never used.
"""

import fcntl
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from relay.kafka.embedded.errors import EmbeddedKafkaFailed, EmbeddedKafkaMissing
from relay.kafka.embedded.progress import Progress

KAFKA_VERSION = "4.2.0"
WHAT = f"Apache Kafka {KAFKA_VERSION}"
PARALLEL_DOWNLOADS = 4

Importer = Callable[[str], ModuleType]


@dataclass(frozen=True, slots=True, kw_only=True)
class Jar:
    """One pinned file of the broker."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name under which Maven repositories publish it."""
        return f"{self.artifact}-{self.version}.jar"


def pinned_jars() -> tuple[Jar, ...]:
    """Read the pins of `KAFKA_VERSION`, which pin.py printed."""
    lines = Path(__file__).with_name(f"kafka-{KAFKA_VERSION}.jars").read_text("ascii").splitlines()
    return tuple(_pin(*line.split()) for line in lines)


def _pin(sha256: str, coordinate: str) -> Jar:
    group, artifact, version = coordinate.split(":")
    return Jar(group=group, artifact=artifact, version=version, sha256=sha256)


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Say where this user's downloads live; XDG_CACHE_HOME is the desktop's variable, no setting of the relay."""
    base = environ.get("XDG_CACHE_HOME", "")
    # The specification tells to ignore relative paths.
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "delivery-relay"


def required_package(name: str, importer: Importer = import_module) -> Any:
    """Import a package of the `embedded` extra.

    Raises `EmbeddedKafkaMissing`.
    """
    try:
        return importer(name)
    except ImportError as error:
        raise EmbeddedKafkaMissing(name.partition(".")[0]) from error


def jars_folder(
    progress: Progress,
    cache: Path | None = None,
    importer: Importer = import_module,
    jars: Sequence[Jar] | None = None,
) -> Path:
    """Return the folder with every jar of the broker, filled by the first process that asks.

    Raises `EmbeddedKafkaMissing`, `EmbeddedKafkaFailed`.
    """
    folder = (cache or cache_folder()) / f"kafka-{KAFKA_VERSION}"
    jars = pinned_jars() if jars is None else jars
    if _complete(folder, jars):
        return folder
    with _sole_process(folder.with_name(f"{folder.name}.lock"), progress):
        if not _complete(folder, jars):
            _fill(folder, jars, progress, importer)
    return folder


def _complete(folder: Path, jars: Sequence[Jar]) -> bool:
    return all((folder / jar.file_name).is_file() for jar in jars)


@contextmanager
def _sole_process(lock: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock file; the kernel releases it when its process dies."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"{WHAT}: another process is downloading it, waiting", 0, None)
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _fill(folder: Path, jars: Sequence[Jar], progress: Progress, importer: Importer) -> None:
    """Download what is missing; a jar appears in the folder by a rename, whole and verified, so it can go on later."""
    folder.mkdir(exist_ok=True)
    scratch = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    missing = [jar for jar in jars if not (folder / jar.file_name).is_file()]
    try:
        with _quiet_jgo():
            store = artifact_store(scratch, importer)
            _download(store, missing, folder, lambda done: progress(WHAT, len(jars) - len(missing) + done, len(jars)))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _download(store: Any, missing: Sequence[Jar], folder: Path, counted: Callable[[int], None]) -> None:
    counted(0)
    with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
        downloads = [pool.submit(_download_one, store, jar, folder) for jar in missing]
        try:
            for done, download in enumerate(as_completed(downloads), start=1):
                download.result()
                counted(done)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _download_one(store: Any, jar: Jar, folder: Path) -> None:
    try:
        path: Path = store.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except (OSError, RuntimeError) as error:
        raise EmbeddedKafkaFailed(
            f"{jar.file_name} of {WHAT} can't be downloaded: {error};"
            " check the connection and try again, or set kafka.bootstrap_servers"
        ) from error
    if hashlib.sha256(path.read_bytes()).hexdigest() != jar.sha256:
        raise EmbeddedKafkaFailed(f"{jar.file_name} was downloaded but differs from its pinned SHA-256; not used")
    path.rename(folder / jar.file_name)


def artifact_store(folder: Path, importer: Importer = import_module) -> Any:
    """Make jgo's view of the Maven repositories, with `folder` for its files; the user's jgo.conf may name mirrors.

    Raises `EmbeddedKafkaMissing`.
    """
    maven = required_package("jgo.maven", importer)
    mirrors = required_package("jgo.config", importer).GlobalSettings.load().repositories
    central = required_package("jgo.constants", importer).MAVEN_CENTRAL_URL
    return maven.MavenContext(repo_cache=folder, remote_repos={"central": central} | mirrors)


@contextmanager
def _quiet_jgo() -> Iterator[None]:
    """Keep jgo's warnings off the console; whatever matters in them is checked here."""
    logger = logging.getLogger("jgo")
    propagated, logger.propagate = logger.propagate, False
    silence = logging.NullHandler()
    logger.addHandler(silence)
    try:
        yield
    finally:
        logger.removeHandler(silence)
        logger.propagate = propagated
