"""What only Hyber has: settings that change how its answers are read, and its paths."""

import json

import pytest

from relay.core.model import Engagement, Lookup, Outcome
from relay.lookups.http import HttpResponse
from relay.providers import hyber
from relay.providers.hyber import HyberAccount
from relay.providers.hyber.mapping import instant_of
from tests.builders import NOON, a_lookup


def an_account(**changes: object) -> HyberAccount:
    """Return a Hyber account."""
    plain = {"provider": "hyber", "base_url": "https://dr.example", "client_id": "1021", "username": "u"}
    return HyberAccount.model_validate({**plain, "password": "p", **changes})


@pytest.mark.parametrize(("substatus", "seen"), [(24, False), (43, True)])
def test_the_code_of_seen_can_be_configured(substatus: int, *, seen: bool) -> None:
    """`seen_substatus` replaces the assumed 24, and its codes are no unknown ones."""
    body = json.dumps({"status": 2, "substatus": substatus, "last_partner": "viber"}).encode()
    account = an_account(codes={"seen_substatus": [43]})
    report = hyber.interpret(HttpResponse(200, body), a_lookup(), NOON, account).report
    assert report is not None
    assert (report.outcome, report.unmapped) == (Outcome.DELIVERED, ())
    assert report.engagements == (frozenset({Engagement.SEEN}) if seen else frozenset())


@pytest.mark.parametrize(
    ("path", "lookup", "expected"),
    [
        ("/{client_id}/api/dr", a_lookup(), "/1021/api/dr/m-1/advanced"),
        ("/{client_id}/api/dr", a_lookup(detail="simple"), "/1021/api/dr/m-1/simple"),
        (
            "/{client_id}/api/dr",
            a_lookup(message_id=None, extra_id="AD-6640-7006"),
            "/1021/api/dr/external/AD-6640-7006/advanced",
        ),
        ("/{client_id}/dr/", a_lookup(), "/1021/dr/m-1/advanced"),
        ("/api/dr", a_lookup(message_id="../../x?y#z"), "/api/dr/..%2F..%2Fx%3Fy%23z/advanced"),
        ("/api/dr", a_lookup(message_id="a/b%2f"), "/api/dr/a%2Fb%252f/advanced"),
    ],
)
def test_paths(path: str, lookup: Lookup, expected: str) -> None:
    """The documented paths, white labels' paths, and ids that would like to leave theirs."""
    assert hyber.to_request(lookup, an_account(path=path)).path == expected


@pytest.mark.parametrize("milliseconds", [None, 0, -1, 10**15 * 400, 2**63 - 1])
def test_no_instant_is_made_of_absurd_times(milliseconds: int | None) -> None:
    """A time that no calendar holds is unknown, and never an error."""
    assert instant_of(milliseconds) is None
