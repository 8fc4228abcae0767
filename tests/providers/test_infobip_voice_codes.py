"""Infobip voice: every row of its lists of statuses and errors, and what speaks where rows are missing."""

import pytest

from relay.core.model import Category, Outcome
from tests.infobip_pages import DELIVERED, the_report

STATUS_ROWS = """
pending           -                  1 3 PENDING_WAITING_DELIVERY, 1 7 PENDING_ENROUTE, 1 26 PENDING_ACCEPTED
pending           -                  3 2 DELIVERED_TO_OPERATOR
delivered         -                  3 5 DELIVERED_TO_HANDSET
failed            rejected           2 4 UNDELIVERABLE_REJECTED_OPERATOR
failed            undeliverable      2 9 UNDELIVERABLE_NOT_DELIVERED, 2 31 UNDELIVERABLE_NOT_SENT, 2 98 CANCELLED
failed            no_answer          2 96 NO_ANSWER
failed            busy               2 97 BUSY
failed            expired            4 15 EXPIRED_EXPIRED, 4 29 EXPIRED_DLR_UNKNOWN
failed            blocked            4 87 SIGNALS_BLOCKED, 5 87 SIGNALS_BLOCKED, 5 10 REJECTED_DND, 5 13 REJECTED_SENDER
failed            blocked            5 14 REJECTED_DESTINATION_BLOCKLISTED, 5 20 REJECTED_FLOODING_FILTER
failed            invalid_recipient  5 8 REJECTED_PREFIX_MISSING, 5 51 MISSING_TO, 5 52 REJECTED_DESTINATION
failed            insufficient_funds 5 12 REJECTED_NOT_ENOUGH_CREDITS, 5 17 REJECTED_PREPAID_PACKAGE_EXPIRED
failed            provider_error     5 21 REJECTED_SYSTEM_ERROR
failed            declined           5 99 REJECTED
failed            rejected           5 6 REJECTED_NETWORK, 5 11 REJECTED_SOURCE
failed            rejected           5 18 REJECTED_DESTINATION_NOT_REGISTERED
failed            rejected           5 19 REJECTED_ROUTE_NOT_AVAILABLE, 5 23 REJECTED_DUPLICATE_MESSAGE_ID
failed            rejected           5 24 REJECTED_INVALID_UDH, 5 25 REJECTED_MESSAGE_TOO_LONG
failed            rejected           5 53 REJECTED_INVALID_AUDIO_FILE_URL, 5 54 REJECTED_UNSUPPORTED_LANGUAGE
failed            rejected           5 55 REJECTED_MESSAGE_IS_EMPTY, 5 56 REJECTED_INVALID_NOTIFY_URL
failed            rejected           5 57 REJECTED_INVALID_NOTIFY_CONTENT_TYPE, 5 58 REJECTED_INVALID_DTMF_SIGN
failed            rejected           5 59 REJECTED_INVALID_DTMF_TIMEOUT, 5 60 REJECTED_INVALID_RING_TIMEOUT
failed            rejected           5 61 REJECTED_INVALID_CALL_TIMEOUT, 5 62 REJECTED_INVALID_MACHINE_DETECTION
failed            rejected           5 63 REJECTED_INVALID_ACTIONS, 5 64 REJECTED_INVALID_ACTION_GROUPS
failed            rejected           5 77 REJECTED_MESSAGE_TEXT_TOO_LONG, 5 83 REJECTED_MACHINE_DETECTION_DISABLED
failed            rejected           5 87 REJECTED_INVALID_DELIVERY_TIME_WINDOW, 5 91 REJECTED_INVALID_SSML
failed            rejected           5 100 UNDELIVERABLE_REJECTED_PLATFORM
"""
ERROR_ROWS = """
failed      rejected           5004 5005 5400 5403 5488 5492 10100 10300 10306 10313 10400 10401 10402 323 541
busy        busy               5002 10201 31
no_answer   no_answer          5003 10200
declined    declined           5603 10203
canceled    undeliverable      5487 10202
unavailable unavailable        5408 5410 5480 10101 10102 10204 10304 10307 6 27 569
failed      invalid_recipient  5404 5414 5484 10303 10305 1 351
failed      insufficient_funds 10301 581
failed      provider_error     5407 5413 5415 5481 5491 5500 5501 5503 5504 10103 10302 10308 10309 10311 10312 1158
failed      unknown            10310 255
failed      blocked            603 607 2050 2052 4104
failed      expired            811 4098 4101
failed      undeliverable      32 256 810
"""


def table(rows: str, separator: str) -> list[tuple[str, str, str]]:
    """Return a table's lines as (first column, second column, entry)."""
    return [
        (first, second, entry.strip())
        for first, second, rest in (line.split(maxsplit=2) for line in rows.strip().splitlines())
        for entry in rest.split(separator)
    ]


@pytest.mark.parametrize(("outcome", "category", "status"), table(STATUS_ROWS, ","))
def test_status_table(outcome: str, category: str, status: str) -> None:
    """Each status of Infobip's list gives its outcome and, without an error, its reason."""
    group, code, name = status.split()
    report = the_report(status={"groupId": int(group), "id": int(code), "name": name})
    assert (report.outcome, report.unmapped) == (outcome, ())
    assert (report.reason.category if report.reason else "-") == category
    if report.reason:
        assert (report.reason.code, report.reason.name) == (code, name)


@pytest.mark.parametrize(("call", "category", "code"), table(ERROR_ROWS, " "))
def test_error_table(call: str, category: str, code: str) -> None:
    """Each error gives the reason and what became of the call, whatever group Infobip puts it into."""
    error = {"groupId": 7, "id": int(code), "name": "spelt otherwise", "description": "d", "permanent": False}
    report = the_report(error=error)
    assert report.reason is not None
    assert report.call is not None
    assert (report.call["outcome"], report.reason.category, report.reason.code) == (call, category, code)
    assert (report.reason.name, report.reason.description, report.reason.permanent) == ("spelt otherwise", "d", False)
    assert report.unmapped == ()


@pytest.mark.parametrize("code", [5000, 10000, 10001, 10003, 10004])
def test_taken_calls(code: int) -> None:
    """Both families' successes are answers; the success of a failed status gives no reason."""
    report = the_report(status=DELIVERED, error={"id": code})
    assert (report.call or {})["outcome"] == "answered"
    assert report.engagements == {"answered"}
    assert (report.reason, report.outcome) == (None, Outcome.DELIVERED)
    failed = the_report(error={"id": code})
    assert (failed.outcome, failed.reason and failed.reason.code) == (Outcome.FAILED, "15")
    assert not failed.engagements


@pytest.mark.parametrize(
    ("facts", "answered"),
    [({}, False), ({"duration": 0}, False), ({"duration": 3}, True), ({"answerTime": "2018-06-25T13:38:25Z"}, True)],
)
def test_a_delivered_call_without_an_error_is_answered_if_it_lasted(
    facts: dict[str, object], *, answered: bool
) -> None:
    """Where no error says what became of the call, a duration or the instant of the answer does."""
    assert bool(the_report(status=DELIVERED, error={"id": 0, "name": "NO_ERROR"}, **facts).engagements) is answered
    assert bool(the_report(status=DELIVERED, error=None, **facts).engagements) is answered
    assert bool(the_report(status=DELIVERED, error={"id": 5999}, **facts).engagements) is answered
    assert not the_report(status=DELIVERED, error={"id": 5400}, **facts).engagements


@pytest.mark.parametrize(
    ("status", "outcome", "unmapped"),
    [
        ({"groupName": "rejected", "name": "rejected_dnd"}, Outcome.FAILED, ()),
        ({"groupId": 42, "groupName": "Delivered", "id": 5}, Outcome.DELIVERED, ()),
        ({"id": 5}, Outcome.DELIVERED, ()),
        ({"name": "EXPIRED_EXPIRED"}, Outcome.FAILED, ()),
        ({"groupId": 5, "id": 87}, Outcome.FAILED, ("status.id",)),
        ({"id": 87}, Outcome.PENDING, ("status.groupId", "status.id")),
        ({"groupId": 0, "groupName": "OK", "id": 5}, Outcome.PENDING, ("status.groupId",)),
        ({"groupId": 0, "groupName": "ACCEPTED", "id": 26}, Outcome.PENDING, ()),
    ],
)
def test_what_a_status_is_known_by(status: dict[str, object], outcome: Outcome, unmapped: tuple[str, ...]) -> None:
    """The group by id or name, the status by name or id; 87 has three meanings, so its id tells nothing."""
    report = the_report(status=status)
    assert (report.outcome, report.unmapped) == (outcome, unmapped)


def test_categories_are_known_words() -> None:
    """Every reason that the tables give is one of the contract's."""
    assert {category for _, category, _ in table(STATUS_ROWS, ",") + table(ERROR_ROWS, " ")} <= {"-", *Category}
