"""How each of the examples is started, or why it can't be started here."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.programs import node_command, output, present

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "examples"
OLDEST_JAVA: Final = 17


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
    return node_command(EXAMPLES / "node_kafkajs/consumer.mjs")


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
