"""Infobip voice: its requests, its credentials and its settings."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from relay.providers.infobip_voice import credentials, drain_request, log_request, probe
from tests.builders import NOON
from tests.infobip_pages import ACCOUNT, an_account


def test_requests_for_reports() -> None:
    """The documented filters, percent-encoded; the limit always, for Infobip's own default is 50."""
    assert drain_request(ACCOUNT).path == "/tts/3/reports?limit=500"
    request = drain_request(
        an_account(path="/voice/1/reports/", accept="xml"), bulk_id="a b&c", message_id="ü/..#?", limit=7
    )
    assert request.path == "/voice/1/reports?bulkId=a%20b%26c&messageId=%C3%BC%2F..%23%3F&limit=7"
    assert request.headers == {"Accept": "application/xml"}


def test_requests_for_the_log() -> None:
    """Ids repeat, the window is that of sending; an account without a log has no such request and no probe."""
    request = log_request(ACCOUNT, message_ids=["a", "b/"], bulk_ids=["c"], sent_since_at=NOON, limit=1000)
    assert request is not None
    assert request.path == (
        "/tts/3/logs?bulkId=c&messageId=a&messageId=b%2F&sentSince=2026-11-22T12%3A00%3A00.000Z&limit=1000"
    )
    assert request.headers == {"Accept": "application/json"}
    least = probe(ACCOUNT)
    assert least is not None
    assert least.path == "/tts/3/logs?limit=1"
    off = an_account(logs_path="")
    assert (log_request(off, message_ids=["a"]), probe(off)) == (None, None)


def test_credentials(tmp_path: Path) -> None:
    """Basic, API key and OAuth token, from the settings or from files; none of them in a request."""
    assert credentials(ACCOUNT) == {"Authorization": "Basic bG9naW46czNjcjN0LXdvcmQ="}
    assert credentials(an_account(auth="app", api_key="k-1")) == {"Authorization": "App k-1"}
    (tmp_path / "key").write_text("k-2\n", encoding="utf-8")
    from_file = an_account(auth="bearer", api_key_file=str(tmp_path / "key"))
    assert credentials(from_file) == {"Authorization": "Bearer k-2"}
    assert "s3cr3t-word" not in repr((ACCOUNT, drain_request(ACCOUNT)))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"auth": "digest"}, "auth"),
        ({"username": ""}, "username"),
        ({"username": "a:b"}, "username"),
        ({"password": ""}, "password"),
        ({"auth": "app"}, "api_key"),
        ({"auth": "bearer", "api_key": ""}, "api_key"),
        ({"auth": "app", "api_key": "k\n"}, "api_key"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"accept": "csv"}, "accept"),
        ({"path": "tts/3/reports"}, "path"),
        ({"path": "/tts/../reports"}, "path"),
        ({"path": ""}, "path"),
        ({"logs_path": "/tts/3/logs?limit=1"}, "logs_path"),
        ({"polling": {"drain_seconds": 0}}, "polling"),
        ({"password_file": "/does/not/exist"}, "password_file"),
    ],
)
def test_settings_that_cannot_work_name_their_key(changes: dict[str, object], key: str) -> None:
    """Each mistake is an error of exactly one key."""
    with pytest.raises(ValidationError) as caught:
        an_account(**changes)
    assert [error["loc"][0] for error in caught.value.errors()] == [key]


def test_settings_have_the_documented_defaults() -> None:
    """What the contract's example leaves out is as it says there."""
    assert (ACCOUNT.path, ACCOUNT.logs_path, ACCOUNT.accept) == ("/tts/3/reports", "/tts/3/logs", "json")
    assert (ACCOUNT.limit, ACCOUNT.auth) == (500, "basic")
    assert (ACCOUNT.polling.drain_seconds, ACCOUNT.polling.expire_after_seconds) == (10, 172_800)
