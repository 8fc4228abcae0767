"""How each of the examples is started, or why it can't be started here."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "examples"
NODE_FOLDER: Final = EXAMPLES / "node_kafkajs"
OLDEST_NODE, OLDEST_JAVA = 20, 17
UNREACHABLE: Final = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENOTCACHED", "E503")


def python(name: str) -> list[str]:
    """Return the command of an example in Python, whose packages are among the tests' own."""
    return [sys.executable, str(EXAMPLES / name / "consumer.py")]


def python_aiokafka() -> list[str]:
    """Return the command of the consumer with aiokafka."""
    return python("python_aiokafka")


def python_confluent() -> list[str]:
    """Return the command of the consumer with confluent-kafka."""
    return python("python_confluent")


def node_kafkajs() -> list[str]:
    """Return the command of the consumer with kafkajs, its locked packages installed."""
    node = present("node")
    if (major := int(output(node, "--version").lstrip("v").split(".")[0])) < OLDEST_NODE:
        pytest.skip(f"Node.js {major} is older than {OLDEST_NODE}")
    installed = NODE_FOLDER / "node_modules/.package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (NODE_FOLDER / "package-lock.json").stat().st_mtime:
        install_packages(present("npm"))
    return [node, str(NODE_FOLDER / "consumer.mjs")]


def install_packages(npm: str) -> None:
    """Install what the lock holds; only a registry that can't be reached is a reason to skip."""
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=NODE_FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and any(word in done.stderr for word in UNREACHABLE):
        pytest.skip("the packages of the Node.js example can't be had: the registry can't be reached")
    assert done.returncode == 0, done.stderr


def java() -> list[str]:
    """Return the command of the consumer with the Java client; it needs a JDK, for it is compiled as it starts."""
    compiler = Path(present("javac")).resolve()
    if (major := int(output(str(compiler), "-version").split()[1].split(".")[0])) < OLDEST_JAVA:
        pytest.skip(f"JDK {major} is older than {OLDEST_JAVA}")
    done = subprocess.run(
        [sys.executable, "-m", "examples.java.classpath"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode and "can't be downloaded" in done.stderr:
        pytest.skip("the jars of the Java example can't be downloaded")
    assert done.returncode == 0, done.stderr
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return [str(compiler.with_name("java")), quiet, "-cp", done.stdout.strip(), str(EXAMPLES / "java/Consumer.java")]


def present(program: str) -> str:
    """Return the program's path, or skip the test."""
    if (path := shutil.which(program)) is None:
        pytest.skip(f"{program} is not installed")
    return path


def output(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
