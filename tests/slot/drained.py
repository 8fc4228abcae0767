"""What the tests of an account's drains ask for, and what they look at afterwards."""

from relay.core.model import Request
from relay.slot.drains import ASK_WITHIN_SECONDS, KEEP_SECONDS
from relay.slot.keys import message_key, unread_key
from tests.builders import a_sent
from tests.collected import ACCOUNT, collecting
from tests.slot.voice_provider import TIMEOUT_SECONDS
from tests.slot.voice_world import World

M1 = message_key(ACCOUNT, "m-1")
UNREAD = unread_key(ACCOUNT, None)
OVER_SECONDS = ASK_WITHIN_SECONDS + TIMEOUT_SECONDS + KEEP_SECONDS
LIMITED = collecting(limit=2)


def a_call(number: int = 1) -> Request:
    """Return a MessageSent for a call that was made at noon."""
    return a_sent(account=ACCOUNT, message_id=f"m-{number}")


def published(world: World) -> list[str | None]:
    """Return the messages of the events, each once."""
    return list(dict.fromkeys(event.message_id for event in world.events))


def filters(world: World) -> list[tuple[str | None, str | None]]:
    """Return what was asked for, in its order."""
    return [intent.filter for intent in world.provider.intents]
