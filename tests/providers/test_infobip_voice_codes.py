"""Infobip voice: what speaks where codes are missing; the codes themselves are rows of cases/infobip_voice."""

import pytest

from relay.core.model import Outcome
from tests.infobip_pages import DELIVERED, the_report


def test_the_words_of_a_reason_are_the_providers() -> None:
    """Id, name, description and permanence come from the error, or from the status where there is none."""
    words = {"name": "Spelt otherwise", "description": "d", "permanent": False}
    reason = the_report(error={"id": 5404, **words}).reason
    assert reason is not None
    assert (reason.code, reason.name, reason.description, reason.permanent) == ("5404", *words.values())
    reason = the_report(status={"groupId": 5, "id": 99, **words}).reason
    assert reason is not None
    assert (reason.code, reason.name, reason.description, reason.permanent) == ("99", *words.values())


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
