"""The checker of voice calls finds what is wrong, and only that."""

from dataclasses import replace
from typing import Any

from relay.simulator.infobip_truth import HandedOut
from tests.checking import NOTHING
from tests.checking_calls import check_calls

NOW = 1_000_000.0
HANDED_OUT = HandedOut(
    message_id="m",
    bulk_id=None,
    status_id=5,
    error_id=5000,
    sent_at=100.0,
    done_at=120.25,
    handed_out_at=200.0,
    drain=1,
    in_log_until=NOW + 1,
)
CUT = replace(HANDED_OUT, fault="cut", cut=True)
FAILED = replace(HANDED_OUT, status_id=15, error_id=5003, done_at=110.0)


def an_event(kind: str, sequence: int, **changes: Any) -> dict[str, Any]:
    """Return what the checker reads of an event."""
    return {
        "message_id": "m",
        "event_id": kind,
        "type": kind,
        "sequence": sequence,
        "inferred": False,
        "occurred_at": "1970-01-01T00:02:00.250Z",
        "provider_status": {"status": {"id": 5}, "error": {"id": 5000}},
        **changes,
    }


TOLD = [an_event("delivered", 1), an_event("answered", 2)]
TOLD_FAILED = an_event(
    "failed",
    1,
    occurred_at="1970-01-01T00:01:50.000Z",
    provider_status={"status": {"id": 15}, "error": {"id": 5003}},
)


def test_what_was_handed_out_is_due_and_suffices() -> None:
    """A report handed out twice or cut off in flight is due once; a failure before a delivery, too."""
    assert check_calls([HANDED_OUT], TOLD, now=NOW) == NOTHING
    assert check_calls([CUT, HANDED_OUT], TOLD, now=NOW) == NOTHING
    later = [an_event("delivered", 2), an_event("answered", 3)]
    assert check_calls([FAILED, HANDED_OUT], [TOLD_FAILED, *later], now=NOW) == NOTHING
    assert check_calls([HANDED_OUT, FAILED], TOLD, now=NOW) == NOTHING


def test_only_what_was_cut_off_and_is_older_than_the_log_may_be_missing() -> None:
    """Either alone excuses nothing."""
    lost = ("m: answered", "m: delivered")
    assert check_calls([HANDED_OUT], [], now=NOW).lost == lost
    assert check_calls([CUT], [], now=NOW).lost == lost
    assert check_calls([replace(HANDED_OUT, in_log_until=NOW - 1)], [], now=NOW).lost == lost
    assert check_calls([replace(CUT, in_log_until=NOW - 1)], [], now=NOW) == NOTHING
    assert check_calls([replace(CUT, in_log_until=NOW - 1)], TOLD, now=NOW) == NOTHING


def test_repeats_gaps_and_untruths_are_named() -> None:
    """Under the same id or another, with a wrong number, time, code or inference, or of a call that nobody read."""
    again = an_event("delivered", 1)
    assert check_calls([HANDED_OUT], [*TOLD, again], now=NOW).duplicated == ("m: delivered 2 times",)
    assert check_calls([HANDED_OUT], [*TOLD, {**again, "event_id": "x"}], now=NOW).duplicated
    assert check_calls([HANDED_OUT], [TOLD[0], {**TOLD[1], "sequence": 3}], now=NOW).gaps == ("m: [1, 3]",)
    swapped = [{**TOLD[0], "sequence": 2}, {**TOLD[1], "sequence": 1}]
    assert check_calls([HANDED_OUT], swapped, now=NOW).disordered == ("m: answered before delivered",)
    for change in (
        {"inferred": True},
        {"occurred_at": "1970-01-01T00:02:00.251Z"},
        {"provider_status": {"status": {"id": 5}, "error": {"id": 5001}}},
        {"type": "failed"},
        {"message_id": "other"},
    ):
        assert check_calls([HANDED_OUT], [{**TOLD[0], **change}, TOLD[1]], now=NOW).contradictory, change
