"""`relay explain` where it can explain nothing: one line that says why, and an exit code."""

import socket
from pathlib import Path

import pytest

from relay.commands import main
from relay.explain import reading
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.embedded.ports import free_ports

CONFIG = """
[kafka]
bootstrap_servers = "127.0.0.1:{port}"
[accounts.main]
provider = "hyber"
base_url = "https://hyber.example"
client_id = "1021"
username = "login"
password = "password"
"""


def exit_code(*arguments: str) -> int:
    """Run the command in this process."""
    with pytest.raises(SystemExit) as exited:
        main(["explain", *arguments])
    code = exited.value.code
    assert isinstance(code, int)
    return code


def a_config(folder: Path, *, port: int = 1) -> str:
    """Write a configuration."""
    path = folder / "relay.toml"
    path.write_text(CONFIG.format(port=port))
    return str(path)


def test_an_absent_kafka_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says so soon, without a traceback."""
    (port,) = free_ports(1)
    assert exit_code("m-1", "--config", a_config(tmp_path, port=port)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Kafka can't be read: KafkaConnectionError")
    assert str(port) in line


def test_a_kafka_that_never_answers_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It isn't waited for endlessly."""
    monkeypatch.setattr(reading, "START_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = a_config(tmp_path, port=silent.getsockname()[1])
        assert exit_code("m-1", "--config", config) == 1
    assert capsys.readouterr().err == "Kafka can't be read: TimeoutError: no answer in time\n"


@pytest.mark.kafka
def test_missing_topics_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], kafka: EmbeddedKafka) -> None:
    """Nothing can be said of an account without its states."""
    config = a_config(tmp_path, port=int(kafka.bootstrap_servers.rpartition(":")[2]))
    with Path(config).open("a") as file:
        file.write('[topics]\nstate = "no-such-topic"\n')
    assert exit_code("--account", "main", "--config", config) == 1
    assert "missing, or we have no right to Read them: no-such-topic" in capsys.readouterr().err
    assert exit_code("m-1", "--config", config) == 1
    assert "no-such-topic" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a message, or an account with --account"),
        (("",), "must be an id in valid UTF-8, not empty"),
        (("\udcff",), "must be an id in valid UTF-8, not empty"),
        (("m-1", "--account", "mian"), "did you mean main? known are: main"),
        (("--account", "nope"), "nope is not configured"),
        (("m-1", "--config", "no-such-file.toml"), "no-such-file.toml: can't be read"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    """It is told what is wrong, before Kafka is asked for anything."""
    given = arguments if "--config" in arguments else (*arguments, "--config", a_config(tmp_path))
    assert exit_code(*given) == 2
    told = capsys.readouterr().err
    assert said in " ".join(told.replace("│", " ").split())
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CONFIG.replace("bootstrap_servers", "# "), "kafka.bootstrap_servers: is not set"),
        ('[kafka]\nbootstrap_servers = "127.0.0.1:1"\n', "accounts: there is none"),
        ("[kafka", "relay.toml: "),
    ],
)
def test_a_configuration_that_says_too_little_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    """Which Kafka, and which accounts."""
    (tmp_path / "relay.toml").write_text(text)
    assert exit_code("m-1", "--config", str(tmp_path / "relay.toml")) == 2
    assert said in capsys.readouterr().err
