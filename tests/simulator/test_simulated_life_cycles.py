"""The invented life cycles: realistic in mix and seconds, the same for the same seed."""

from collections import Counter
from random import Random

import pytest

from relay.simulator.ledger import Ledger
from relay.simulator.life_cycles import Situation, life_cycle
from relay.simulator.messages import Message, Sent, dispatched
from relay.simulator.truth import truth_of


def a_life(situation: Situation | None = None, seed: int = 0) -> Sent:
    """Send one invented message at the epoch."""
    message = life_cycle(Random(seed), message_id="m", situation=situation)
    return dispatched(message, now=0, speed=1, unreadable_seconds=10)


def a_ledger(seed: int = 0) -> Ledger:
    """Open a ledger that invents what it is asked for."""
    return Ledger(speed=1, seed=seed, unknown="invent", unreadable_seconds=10)


@pytest.mark.parametrize(
    ("situation", "known"),
    [
        (Situation.SMS_DELIVERED, {"delivered"}),
        (Situation.VIBER_SEEN, {"delivered", "seen"}),
        (Situation.VIBER_DELIVERED, {"delivered"}),
        (Situation.VIBER_TEMPLATE_SEEN, {"delivered", "seen"}),
        (Situation.VIBER_THEN_SMS, {"delivered"}),
        (Situation.WHATSAPP_SEEN, {"delivered", "seen"}),
        (Situation.SMS_EXPIRED, {"failed"}),
        (Situation.BOTH_FAILED, {"failed"}),
        (Situation.NUMBER_INCORRECT, {"failed"}),
        (Situation.FOREVER_PENDING, set()),
    ],
)
def test_situation_ends_as_its_name_says(situation: Situation, known: set[str]) -> None:
    """Whatever the seconds drawn, a situation always comes to the same outcomes."""
    for seed in range(20):
        assert set(truth_of(a_life(situation, seed)).knew_at()) == known


def test_mix_has_every_situation_and_mostly_deliveries() -> None:
    """Of many messages most are delivered, some seen, some failed, some never settled."""
    truths = [truth_of(a_life(seed=seed)) for seed in range(500)]
    outcomes = Counter(truth.outcome for truth in truths)
    assert outcomes["delivered"] > 400
    assert outcomes["failed"] > 10
    assert outcomes["pending"] > 0
    assert sum(truth.seen_at is not None for truth in truths) > 100


def test_steps_come_in_order_and_within_realistic_seconds() -> None:
    """A life cycle's seconds rise as it is written, deliveries take seconds and looking takes hours at most."""
    for seed in range(300):
        sent = a_life(seed=seed)
        written = [step.after_seconds for step in sent.message.steps or ()]
        assert written == sorted(written)
        assert max(written) < 6 * 3600


def test_an_unknown_id_gets_the_same_life_in_every_process() -> None:
    """Two ledgers with one seed invent the same message, and another seed another one somewhere."""
    ids = [f"id-{number}" for number in range(20)]
    first, second = a_ledger(), a_ledger()
    assert [first.by_message_id(one, 5.0) for one in ids] == [second.by_message_id(one, 5.0) for one in ids]
    other = a_ledger(seed=1)
    assert [first.by_message_id(one, 5.0) for one in ids] != [other.by_message_id(one, 5.0) for one in ids]


def test_an_invented_message_is_sent_at_its_first_lookup() -> None:
    """Later lookups find the message that the first one invented, by both ids."""
    ledger = a_ledger()
    first = ledger.by_extra_id("order/7", 100.0)
    assert first is not None
    assert first.sent_at == 100.0
    assert ledger.by_extra_id("order/7", 200.0) == first
    assert ledger.by_message_id(first.message.message_id, 300.0) == first
    direct = ledger.by_message_id("m-1", 100.0)
    assert ledger.by_message_id("m-1", 900.0) == direct
    assert {sent.message.message_id for sent in ledger.all()} == {"m-1", first.message.message_id}


def test_a_message_without_steps_gets_a_life_cycle_and_keeps_its_own_number() -> None:
    """What the sender gave stays, only the life cycle is invented."""
    ledger = Ledger(speed=1, seed=0, unknown="not_found", unreadable_seconds=10)
    ledger.send(Message(message_id="m", phone_number="380501234567"), 0)
    sent = ledger.by_message_id("m", 0)
    assert sent is not None
    assert sent.message.phone_number == "380501234567"
    assert sent.happenings
