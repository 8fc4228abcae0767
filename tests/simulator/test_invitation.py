"""What a person can paste from the simulator's first words."""

import shlex
import tomllib
from typing import Any

import pytest

from relay.providers.hyber import HyberAccount
from relay.providers.infobip_voice import InfobipVoiceAccount
from relay.simulator.hyber import HyberSite
from relay.simulator.infobip import InfobipSite
from relay.simulator.invitation import invitation, placing_a_call

URL = "http://127.0.0.1:8090"


def accounts(infobip: InfobipSite, hyber: HyberSite | None = None) -> dict[str, Any]:
    """Read the accounts that are there to be pasted, as the relay would."""
    text = invitation(URL, hyber or HyberSite(), infobip)
    tables = text[text.index("\n[") : text.index("\nHyber invents")]
    read: dict[str, Any] = tomllib.loads(tables)["accounts"]
    return read


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"auth": "app"},
        {"auth": "bearer"},
        {"path": "/voice/white-label", "logs_path": "", "username": "me"},
    ],
    ids=str,
)
def test_the_accounts_are_valid_and_fit_the_site(options: dict[str, Any]) -> None:
    """Pasted as they stand, the relay accepts them, and asks as the simulated site wants to be asked."""
    site = InfobipSite(**options)
    read = accounts(site)
    HyberAccount.model_validate(read["hyber_main"])
    account = InfobipVoiceAccount.model_validate(read["voice"])
    assert (account.path, account.logs_path, account.auth) == (site.path, site.logs_path, site.auth)
    shown, wanted = (account.password, site.password) if account.auth == "basic" else (account.api_key, site.api_key)
    assert shown.get_secret_value() == wanted


def test_a_secret_of_someones_own_is_not_shown() -> None:
    """Only the simulator's public secrets are printed: what it prints may end in a log."""
    hyber = HyberSite(password="hidden")
    for site in (InfobipSite(password="hidden"), InfobipSite(auth="app", api_key="hidden")):
        assert "hidden" not in invitation(URL, hyber, site)


def test_the_command_for_a_call_is_one_a_shell_understands() -> None:
    """Quotes survive the shell."""
    assert shlex.split(placing_a_call(URL)) == [
        "curl",
        f"{URL}/_simulator/calls",
        "-d",
        '{"calls": [{"message_id": "call-1", "end": "answered"}]}',
    ]
