"""A world on the broker with ACLs, whose topics an operator creates, and work that touches every output topic."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from relay.configuration import TopicSettings
from relay.simulator import steps
from relay.simulator.hyber import HyberSite
from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd, VoiceCall
from relay.simulator.infobip_endings import ended
from relay.simulator.messages import Message
from relay.simulator.server import Simulator
from tests.polling import eventually
from tests.running import NAMES, RELAY, SITE, World
from tests.security.acls import Acls, Right, documented
from tests.security.secured import OPERATOR, Secured, Variables

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
RIGHTS = documented(PAGE, "Rights on Kafka")
GROUP = "delivery-relay"
VOICE = """
[accounts.voice]
provider = "infobip_voice"
base_url = "{url}"
username = "login"
password = "password"
[accounts.voice.polling]
drain_seconds = 0.5
"""


@dataclass(kw_only=True)
class SecuredWorld(World):
    """A world whose topics are created by `relay topics create`, run by an operator who may create and see them."""

    operator: Variables
    user: Variables

    async def create_outputs(self) -> None:
        """Create all topics as the operator."""
        async with Acls(self.bootstrap_servers) as acls:
            await acls.allow(OPERATOR, [Right("Topic", f"{self.prefix}.*", name) for name in ("Create", "Describe")])
        command = [sys.executable, *RELAY, "topics", "create", "--json", "--config", str(self._config())]
        done = await asyncio.to_thread(
            subprocess.run, command, env={**os.environ, **self.operator}, capture_output=True, check=False
        )
        assert sorted(json.loads(done.stdout)["created"]) == sorted(self.topics.values()), done

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of a relay in production: its own user, and no right to create topics."""
        return {**self.user, "RELAY_RELAY__CREATE_TOPICS": "false"}

    def rights(self) -> list[Right]:
        """Return the documented rights, for the names of this world."""
        return [self.right(right) for right in RIGHTS]

    def right(self, right: Right) -> Right:
        """Return a documented right for the names of this world."""
        keys = {name: key for key, name in TopicSettings().model_dump().items()}
        if right.resource == "Topic":
            return right._replace(name=self.topics[keys[right.name]])
        assert right.name.startswith(GROUP)
        return right._replace(name=self.group + right.name.removeprefix(GROUP))

    @contextlib.asynccontextmanager
    async def orchestrated(self) -> AsyncIterator[None]:
        """Run a replica, and another whenever it ends."""

        async def watch() -> None:
            while True:
                if not self.replicas or not self.replicas[-1].running:
                    self.start(environment=self.environment)
                await asyncio.sleep(0.1)

        watching = asyncio.create_task(watch())
        try:
            yield
        finally:
            watching.cancel()

    def log(self) -> str:
        """Return everything that the replicas wrote."""
        return "".join(replica.log.read_text(errors="replace") for replica in self.replicas)


@contextlib.asynccontextmanager
async def secured_world(
    secured: Secured,
    folder: Path,
    user: Variables,
    *,
    sections: str = VOICE,
    hyber: HyberSite = SITE,
    infobip: InfobipSite | None = None,
) -> AsyncIterator[SecuredWorld]:
    """Open a world with a simulator of its own, whose address the sections name; close it whatever happens."""
    async with Simulator(hyber=hyber, infobip=infobip) as provider:
        made = SecuredWorld(
            bootstrap_servers=secured.kafka.bootstrap_servers,
            folder=folder,
            simulator=provider,
            partitions=2,
            sections=sections.format(url=provider.url),
            operator=secured.operator,
            user=user,
        )
        await made.open()
        try:
            yield made
        finally:
            await made.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A message that is seen, one that fails, a call that is answered, and a record that must be refused."""

    seen: str
    failed: str
    call: str
    refused: str


async def some_work(world: World) -> Work:
    """Send requests that lead to one record in each output topic, two in that of delivered events."""
    name = uuid.uuid4().hex
    work = Work(seen=f"seen-{name}", failed=f"failed-{name}", call=f"call-{name}", refused=f"refused-{name}")
    script = (steps.delivered(0, "viber"), steps.seen(0, "viber"))
    world.simulator.send(Message(message_id=work.seen, steps=script))
    world.simulator.send(Message(message_id=work.failed, steps=(steps.expired(0, "sms"),)))
    world.simulator.send_call(VoiceCall(message_id=work.call, endings=(ended(0, CallEnd.ANSWERED),)))
    sent = {"account": "main", "message_id": work.failed, "sent_at": datetime.now(UTC).isoformat()}
    await world.send("messages_sent", sent)
    await world.send("fetch_requests", work.refused.encode())
    await world.fetch(message_id=work.seen)
    await world.send("fetch_requests", {"request_id": work.call, "account": "voice"})
    return work


async def done(world: World, work: Work, *, seconds: float = 60) -> None:
    """Wait for what the work leads to, and hold that it is all, once each."""
    await world.told(work.seen, "delivered", "seen", seconds=seconds)
    await world.told(work.failed, "failed", seconds=seconds)
    await world.told(work.call, "delivered", "answered", seconds=seconds)
    await eventually(lambda: refused(world, work), seconds=seconds, what="dead letter")
    assert refused(world, work) == 1


def refused(world: World, work: Work) -> int:
    """Count the dead letters of a work."""
    return sum(letter["payload"] == work.refused for letter in world.letters())


assert set(TopicSettings.model_fields) == set(NAMES)
