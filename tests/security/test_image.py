"""What the image promises: no root, nothing written, nothing unpinned; read from its text, and tried without it."""

import os
import re
from pathlib import Path

import pytest

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator import steps
from relay.simulator.messages import Message
from tests.running import world
from tests.security.read_only import refuse

ROOT = Path(__file__).parents[2]
STAGES = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").split("\nFROM ")[1:]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
READ_ONLY = (str(Path(__file__).with_name("read_only.py")),)


def lines(stage: str, word: str) -> list[str]:
    """Return the arguments of a Dockerfile's instructions of one kind, in their order."""
    return re.findall(rf"^{word} +(.+)$", stage, re.MULTILINE)


def test_the_image_runs_as_a_user_by_number_who_is_not_root() -> None:
    """By number, so that an orchestrator that demands it can see it; nothing after it changes files."""
    *_, last = STAGES
    user = lines(last, "USER")[-1]
    assert int(user) > 0
    after = last[last.index(f"USER {user}") :]
    assert lines(after, "(?:RUN|COPY|ADD)") == []
    assert lines(last, "ENTRYPOINT") == ['["relay"]']


def test_the_image_holds_only_what_the_locks_name() -> None:
    """Every installation checks hashes, or has no index to ask; bases have a version; nothing else is fetched."""
    for stage in STAGES:
        assert re.match(r"[\w./-]+:\d[\w.-]*", stage)
        assert lines(stage, "ADD") == []
        installs = [part for run in lines(stage, "RUN") for part in run.split("&&") if "pip install" in part]
        assert all("--require-hashes" in part or "--no-index" in part for part in installs)


def test_compose_runs_our_containers_read_only_and_without_privileges() -> None:
    """The relay and the simulator, the two that this project builds."""
    ours = [service for service in re.split(r"\n(?=  \w+:\n)", COMPOSE) if "build: ." in service]
    assert len(ours) == 2
    for service in ours:
        assert "read_only: true" in service
        assert "cap_drop: [ALL]" in service
        assert 'security_opt: ["no-new-privileges:true"]' in service


@pytest.mark.parametrize(
    ("event", "arguments"),
    [("open", ("/etc/x", "w", os.O_WRONLY | os.O_CREAT)), ("os.mkdir", ("/x",)), ("os.rename", ("/x", "/y"))],
)
def test_the_trial_refuses_writing(event: str, arguments: tuple[object, ...]) -> None:
    """The read-only trial below would notice."""
    with pytest.raises(OSError, match="Read-only file system"):
        refuse(event, arguments)
    refuse("open", ("/etc/x", "r", os.O_RDONLY))


@pytest.mark.kafka
async def test_a_relay_writes_no_file(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """From the creation of topics over an event to the orderly end, where nothing may be written."""
    async with world(kafka.bootstrap_servers, tmp_path, partitions=1) as relay:
        replica = await relay.started(READ_ONLY, environment={"PYTHONDONTWRITEBYTECODE": "1"})
        relay.simulator.send(Message(message_id="m", steps=(steps.delivered(0, "sms"),)))
        await relay.fetch(message_id="m")
        await relay.told("m", "delivered", seconds=60)
        assert await replica.terminated() == 0
        assert "refused: " not in replica.log.read_text()
