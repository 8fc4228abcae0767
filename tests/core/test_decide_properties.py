"""What holds of any reports in any order: the core's properties."""

import random

from hypothesis import given
from hypothesis import strategies as st

from relay.core.decide import decide
from relay.core.items import Answered, Forgotten, Item, Seen
from relay.core.model import Event, EventType, MessageState, Report
from relay.core.standing import standing
from relay.slot.codec import decode_state, encode_state
from relay.slot.keys import message_key
from tests.builders import LIFE_SECONDS, a_state, after, requested, rules
from tests.strategies import items, reports

OUTCOMES = (EventType.DELIVERED, EventType.FAILED)
timed_items = st.lists(st.tuples(items, st.sampled_from([1.0, 60.0, LIFE_SECONDS - 1, LIFE_SECONDS + 1])), max_size=8)


def lived(state: MessageState | None, lives: list[tuple[Item, float]]) -> tuple[MessageState | None, list[Event]]:
    """Return the state after the items, each at its second, and all events."""
    events: list[Event] = []
    for item, second in lives:
        verdict = decide(state, item, after(second), rules(), seen=Seen.ASKED)
        state = verdict.state
        events.extend(verdict.events)
    return state, events


def end_of(told: list[Report]) -> tuple[EventType | None, set[EventType]]:
    """Return the outcome and the engagements after these reports."""
    state, _ = lived(a_state(), [(Answered(report=report), 1.0) for report in told])
    assert state is not None
    outcome = {1: EventType.FAILED, 2: EventType.FAILED, 3: EventType.DELIVERED, 4: EventType.DELIVERED}
    engaged = {event.type for event in state.published} - set(OUTCOMES)
    return outcome.get(standing(state)), engaged


@given(st.lists(reports, max_size=5), st.randoms(use_true_random=False))
def test_order_and_number_of_reports_do_not_matter(told: list[Report], chance: random.Random) -> None:
    """Any permutation with any repetition ends in the same outcome and the same engagements."""
    shuffled = told + [report for report in told if chance.random() < 0.5]
    chance.shuffle(shuffled)
    assert end_of(shuffled) == end_of(told)


@given(timed_items)
def test_sequences_have_no_gaps_and_no_event_comes_twice(lives: list[tuple[Item, float]]) -> None:
    """Sequences are 1, 2, 3 …, and each pair of type and inferred occurs at most once."""
    _, events = lived(a_state(), sorted(lives, key=lambda life: life[1]))
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    kinds = [(event.type, event.inferred) for event in events]
    assert len(set(kinds)) == len(kinds) == len({event.event_id for event in events})


@given(timed_items)
def test_nothing_regresses(lives: list[tuple[Item, float]]) -> None:
    """The standing never falls, and what was published stays published."""
    state: MessageState | None = a_state()
    for item, second in sorted(lives, key=lambda life: life[1]):
        before = state
        state, _ = lived(state, [(item, second)])
        if before is not None and before.published:
            assert state is not None
            assert state.published[: len(before.published)] == before.published
            assert standing(state) >= standing(before)


@given(st.lists(items.filter(lambda item: item != Forgotten()), max_size=8))
def test_a_replay_over_the_resulting_state_is_silent(told: list[Item]) -> None:
    """The same items from the start publish nothing new, as long as anything is known of the message."""
    lives = [(item, LIFE_SECONDS + 1) for item in told]
    state, _ = lived(a_state(), lives)
    if state is not None:
        assert lived(state, lives)[1] == []


@given(timed_items)
def test_an_event_supersedes_only_what_was_published(lives: list[tuple[Item, float]]) -> None:
    """`supersedes` names an earlier event of the message, of a lower standing."""
    _, events = lived(a_state(), sorted(lives, key=lambda life: life[1]))
    for number, event in enumerate(events):
        if event.supersedes is not None:
            assert event.supersedes in {earlier.event_id for earlier in events[:number] if earlier.type in OUTCOMES}


@given(lives=timed_items, republish=st.booleans())
def test_asked_once_never_infers_a_failure(*, lives: list[tuple[Item, float]], republish: bool) -> None:
    """A request with `follow: false` alone never ends in an inferred failed."""
    first = decide(None, requested(follow=False, republish=republish), after(0), rules()).state
    _, events = lived(first, sorted(lives, key=lambda life: life[1]))
    assert (EventType.FAILED, True) not in {(event.type, event.inferred) for event in events}


@given(timed_items)
def test_a_stored_state_comes_back_as_it_was(lives: list[tuple[Item, float]]) -> None:
    """A new owner decides on exactly what the old one knew, and writes the same bytes of it."""
    state, _ = lived(a_state(recipient="380961111111", channels=("viber", "sms")), lives)
    if state is not None:
        again = decode_state(message_key("hyber_main", state.message_id or ""), encode_state(state))
        assert again == state
        assert encode_state(again) == encode_state(state)
