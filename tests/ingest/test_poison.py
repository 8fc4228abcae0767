"""The corpus of hostile records, each by itself: the contract refuses it with its code and without a word of it."""

from datetime import UTC, datetime

import pytest

from relay.contracts.bad_record import BadRecord
from relay.ingest.accepting import accept_fetch_request, accept_message_sent
from tests import infobip_pages
from tests.poison.inputs import FETCH, HOSTILE, SENT
from tests.providers.test_hyber import an_account

ACCEPT = {FETCH: accept_fetch_request, SENT: accept_message_sent}
ACCOUNTS = {"main": an_account(), "voice": infobip_pages.ACCOUNT}
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.mark.parametrize("kind", HOSTILE)
def test_each_kind_is_refused_with_its_code(kind: str) -> None:
    """What the corpus says of a record holds for each on its own, also for what no other record stands beside."""
    hostile = HOSTILE[kind]
    with pytest.raises(BadRecord) as caught:
        ACCEPT[hostile.topic](hostile.key, hostile.value, hostile.headers, ACCOUNTS, NOW)
    assert caught.value.code == hostile.code, caught.value.message


def test_the_corpus_holds_at_least_sixty_different_records() -> None:
    """No record stands in it twice under two names, and both inputs and providers are there."""
    records = {(one.topic, one.value, one.headers, one.key) for one in HOSTILE.values()}
    assert len(records) == len(HOSTILE) >= 60
    assert {one.topic for one in HOSTILE.values()} == {FETCH, SENT}
    assert sum(b'"account": "voice"' in (one.value or b"") for one in HOSTILE.values()) >= 5
