"""What the demo sends."""

import json
from collections import Counter
from random import Random

import pytest

from relay.contracts.decoding import decode_fetch_request, decode_message_sent
from relay.demo.staging import LONGEST_LIFE_SECONDS, SPEED
from relay.demo.traffic import (
    COLLECT_AFTER_SECONDS,
    Asking,
    Placing,
    Sending,
    Traffic,
    call_sent,
    message_sent,
    planned,
    republish,
)

SENT_AT = 1_790_000_000.5


def placed(traffic: Traffic) -> list[Placing]:
    """Give the calls of a plan."""
    return [act for act in traffic.acts if isinstance(act, Placing)]


def collecting(traffic: Traffic) -> Asking:
    """Find the request for whatever is unread."""
    (found,) = [act for act in traffic.acts if isinstance(act, Asking) and b"demo-collect" in act.value]
    return found


def test_every_message_ends_while_the_demo_lasts() -> None:
    """No life is longer than the demo waits, and the plan is in order of time."""
    traffic = planned(Random(1), run="r1", count=400)
    messages = [act.message for act in traffic.acts if isinstance(act, Sending)]
    lives = [step.after_seconds for message in messages for step in message.steps or ()]
    assert max(lives) / SPEED <= LONGEST_LIFE_SECONDS
    assert [act.at for act in traffic.acts] == sorted(act.at for act in traffic.acts)
    assert (len(messages), len(placed(traffic))) == (266 + 3, 134 + 3)


@pytest.mark.parametrize("seed", range(5))
def test_every_call_has_ended_when_the_unread_are_asked_for(seed: int) -> None:
    """The request for them finds all reports there; a call that is never reported is one that was announced."""
    traffic = planned(Random(seed), run="r1", count=1000)
    calls = placed(traffic)
    reported_at = [act.at + ending.after_seconds / SPEED for act in calls for ending in act.call.endings or ()]
    assert max(reported_at) <= collecting(traffic).at
    assert all(act.call.endings for act in calls if not act.announced)
    assert sum(not act.announced for act in calls) / len(calls) == pytest.approx(0.25, abs=0.02)
    assert max(Counter(act.call.bulk_id for act in calls).values()) == 10


@pytest.mark.parametrize("count", [1, 2, 20, 1000])
def test_there_is_always_an_answer_to_cut_off(count: int) -> None:
    """However little is sent, some call is reported after the line begins to fail, and then all is asked for."""
    traffic = planned(Random(1), run="r1", count=count)
    assert any(act.at >= traffic.cut_at and act.call.endings for act in placed(traffic))
    assert traffic.cut_at + COLLECT_AFTER_SECONDS <= collecting(traffic).at


def test_what_is_sent_keeps_the_contract() -> None:
    """All records but the malformed one are decoded without complaint."""
    traffic = planned(Random(1), run="r1", count=20)
    values = [act.value for act in traffic.acts if isinstance(act, Asking)]
    for act in traffic.acts:
        match act:
            case Sending():
                decode_message_sent(message_sent(act.message, SENT_AT))
            case Placing():
                decode_message_sent(call_sent(act.call, SENT_AT))
    (malformed,) = [value for value in values if not _is_json(value)]
    for value in (*values, republish(traffic.republished)):
        if value is not malformed:
            decode_fetch_request(value)


def _is_json(value: bytes) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True
