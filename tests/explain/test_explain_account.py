"""`relay explain --account`: drains, gaps and pending messages of an account."""

from relay.core.collecting import AccountState, Drained, Gap, Intent
from relay.core.decide import decide
from relay.core.items import Answered
from relay.core.model import Json, MessageState
from relay.explain.accounts import explained_account, search_account
from relay.explain.candidates import Candidate
from relay.explain.rendering import account_view
from relay.slot.codec import encode_state
from tests.builders import LIFE_SECONDS, NOON, a_report, a_state, after, rules
from tests.explain.shelf import HYBER, PARTITIONS, VOICE, Shelf
from tests.explain.telling import printed

UNKEPT = (
    "its reports can be read again: no drains, no gaps; its answers stand in no topic: whether it is paused, and why,"
    " tell `relay_account_paused` and `account.paused` in the log"
)


async def told(shelf: Shelf, candidate: Candidate, seconds: float = 0) -> Json:
    """Explain the account at so many seconds after noon."""
    findings = await search_account(shelf, candidate)
    return explained_account(findings, candidate, after(seconds)).as_json()


async def test_pending_messages_are_counted_by_age() -> None:
    """From when they were sent or asked about; what is settled or merely an alias doesn't count."""
    shelf = Shelf()
    ages = {"m-1": 0, "m-2": 59, "m-3": 60, "m-4": 3_600, "m-5": 86_400, "m-6": 2 * LIFE_SECONDS, "m-7": -5}
    for message_id, age in ages.items():
        anchor_at = after(-age)
        shelf.state(a_state(message_id=message_id, anchor_at=anchor_at, expires_at=after(LIFE_SECONDS - age)))
    settled = decide(a_state(message_id="m-8"), Answered(report=a_report()), after(1), rules())
    shelf.state(settled.state)
    shelf.state(a_state(message_id=None, extra_id="AD-1", follow=False, became="m-1"))
    shown = await told(shelf, HYBER)
    assert shown["messages"] == 8
    assert shown["pending"] == {
        "count": 7,
        "by_age": {
            "under 1 min": 3,
            "1 to 10 min": 1,
            "10 to 60 min": 0,
            "1 to 6 h": 1,
            "6 to 24 h": 0,
            "1 day or more": 2,
        },
        "overdue": 1,
        "oldest_at": "2026-11-18T12:00:00.000Z",
        "oldest": shown["pending"]["oldest"],
    }
    assert [each["message_id"] for each in shown["pending"]["oldest"]] == [f"m-{n}" for n in (6, 5, 4, 3, 2, 1, 7)]
    assert shown["pending"]["oldest"][0] == {
        "message_id": "m-6",
        "extra_id": None,
        "since": "2026-11-18T12:00:00.000Z",
        "expires_at": "2026-11-20T12:00:00.000Z",
    }
    assert shown["summary"] == [
        "7 of 8 stored messages pending",
        UNKEPT,
        shown["summary"][-1],
    ]
    assert shown["summary"][-1].startswith("`relay check` says whether the provider answers now")


async def test_the_oldest_pending_messages_are_named() -> None:
    """Somebody who asks why reports are late needs a message to ask about; the list says where it goes on."""
    shelf = Shelf()
    for number in range(12):
        shelf.state(a_state(message_id=f"m-{number:02}", anchor_at=after(-number)))
    shelf.state(a_state(message_id=None, extra_id="AD-1", anchor_at=after(-90)))
    figures = explained_account(await search_account(shelf, HYBER), HYBER, NOON)
    text = printed(account_view(figures))
    at = text.index("the oldest:")
    assert text[at + 1] == "extra_id AD-1 waits since 2026-11-22T11:58:30.000Z"
    assert text[at + 2] == "m-11 waits since 2026-11-22T11:59:49.000Z"
    assert text[at + 11] == "3 younger ones; --json names up to 1000"


async def test_nothing_late_needs_no_advice() -> None:
    """A message that was sent a moment ago is no reason to doubt its provider."""
    shelf = Shelf()
    shelf.state(a_state())
    assert (await told(shelf, HYBER, 59))["summary"][1:] == [UNKEPT]
    assert "`relay check`" in (await told(shelf, HYBER, 60))["summary"][-1]


async def test_the_newest_state_of_each_message_counts() -> None:
    """A message that was settled or forgotten meanwhile is not pending any more."""
    shelf = Shelf()
    for message_id in ("m-1", "m-2"):
        shelf.state(a_state(message_id=message_id))
    shelf.state(None, of="m-1")
    shelf.state(decide(a_state(message_id="m-2"), Answered(report=a_report()), after(1), rules()).state)
    shown = await told(shelf, HYBER)
    assert (shown["messages"], shown["pending"]["count"]) == (1, 0)
    assert shown["summary"][0] == "nothing is pending"


async def test_other_accounts_do_not_count() -> None:
    """Neither one of a similar name."""
    shelf = Shelf()
    for name in (b"message/hyber_main_2/m-1", b"message/hyber/m-1", b"lookup/hyber_main_2/extra/AD-1"):
        for partition in range(PARTITIONS):
            shelf.put("state", name, encode_state(a_state()), shard=str(partition).encode())
    assert (await told(shelf, HYBER))["messages"] == 0


async def test_a_collected_account_shows_its_drains() -> None:
    """The one under way, those asked for, the last that was answered, the open gaps; only its partition is read."""
    shelf = Shelf()
    shelf.account(
        AccountState(
            intent=Intent(drain_id="d-9", intended_at=after(40), limit=500, bulk_id="b-1"),
            gaps=(Gap(first_at=NOON, last_at=after(30), drains=("d-1", "d-2"), count=7, why="timed_out"),),
            last=Drained(drain_id="d-8", answered_at=after(35), status=200, reports=3, count=4),
        )
    )
    wish = MessageState(
        anchor_at=NOON, expires_at=after(60), requested_at=NOON, bulk_id="b-1", once=True, request_id="req-1"
    )
    shelf.put("state", b"lookup/voice_eu/bulk/b-1", encode_state(wish), shard=b"voice_eu")
    shelf.state(a_state(), candidate=VOICE)
    shown = await told(shelf, VOICE, 60)
    assert shown["intent"] == {"drain_id": "d-9", "bulk_id": "b-1", "message_id": None, "limit": 500}
    assert shown["wishes"] == [
        {"bulk_id": "b-1", "message_id": None, "request_id": "req-1", "expires_at": "2026-11-22T12:01:00.000Z"}
    ]
    assert [(gap["count"], gap["drains"], gap["why"]) for gap in shown["gaps"]] == [(7, ["d-1", "d-2"], "timed_out")]
    assert shown["last_drain"]["count"] == 4
    assert shown["pending"]["count"] == 1
    figures = explained_account(await search_account(shelf, VOICE), VOICE, after(60))
    text = "\n".join(printed(account_view(figures)))
    assert "12:00:35.000Z  drain   drain d-8: HTTP 200, its answer is not kept any more, 4 reports  t.state" in text
    assert "wish    drain of bulk b-1, for req-1, expires 2026-11-22T12:01:00.000Z  t.state" in text
    assert shown["summary"][1:3] == ["a drain may be under way", "7 drains without an answer in 1 open gap"]
    assert sorted(topic for topic, _ in shelf.asked_for) == ["raw", "state"]


async def test_a_collected_account_at_rest() -> None:
    """Nothing is stored of it before its first drain."""
    shown = await told(Shelf(), VOICE)
    assert (shown["intent"], shown["wishes"], shown["gaps"], shown["last_drain"]) == (None, [], [], None)
    assert shown["summary"] == ["nothing is pending", "no drain is under way", "no open gaps"]


async def test_what_another_release_wrote_is_told() -> None:
    """It counts as nothing else."""
    shelf = Shelf()
    shelf.put("state", b"account/voice_eu", b'{"v":2}', shard=b"voice_eu")
    shelf.put("state", b"message/voice_eu/m-1", b'{"v":2}', shard=b"voice_eu")
    assert (await told(shelf, VOICE))["summary"] == [
        "nothing is pending",
        "1 state can't be read by this release",
        "its drains can't be read: another release wrote their record, or it is damaged",
    ]
