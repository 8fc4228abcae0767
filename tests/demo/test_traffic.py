"""What the demo sends."""

import json
from random import Random

from relay.contracts.decoding import decode_fetch_request, decode_message_sent
from relay.demo.staging import LONGEST_LIFE_SECONDS, SPEED
from relay.demo.traffic import Asking, Sending, message_sent, planned, republish

SENT_AT = 1_790_000_000.5


def test_every_message_ends_while_the_demo_lasts() -> None:
    """No life is longer than the demo waits, and the plan is in order of time."""
    acts = planned(Random(1), run="r1", count=400).acts
    lives = [step.after_seconds for act in acts if isinstance(act, Sending) for step in act.message.steps or ()]
    assert max(lives) / SPEED <= LONGEST_LIFE_SECONDS
    assert [act.at for act in acts] == sorted(act.at for act in acts)
    assert sum(isinstance(act, Sending) for act in acts) == 403


def test_what_is_sent_keeps_the_contract() -> None:
    """All records but the malformed one are decoded without complaint."""
    traffic = planned(Random(1), run="r1", count=20)
    for act in traffic.acts:
        if isinstance(act, Sending):
            decode_message_sent(message_sent(act.message, SENT_AT))
    values = [act.value for act in traffic.acts if isinstance(act, Asking)]
    for value in (*values[:-1], republish(traffic.republished)):
        decode_fetch_request(value)
    assert not _is_json(values[-1])


def _is_json(value: bytes) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True
