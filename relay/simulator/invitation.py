"""What a person reads when the simulator starts: the accounts for relay.toml, and how to place a call.

A secret that is not the simulator's public one is left out.
"""

from typing import Any, Final

from relay.simulator.hyber import HyberSite
from relay.simulator.infobip import InfobipSite
from relay.toml import as_toml

_PLAIN: Final = InfobipSite()
_WITHHELD: Final = "(the one that was given)"


def invitation(url: str, hyber: HyberSite, infobip: InfobipSite) -> str:
    """Write what there is to paste, for a simulator that answers at `url`."""
    accounts = as_toml({"hyber_main": _hyber_account(url, hyber), "voice": _voice_account(url, infobip)}, "accounts.")
    return f"""\
The simulator answers at {url}; Ctrl-C ends it. Its accounts, for relay.toml:
{accounts}
Hyber invents a message for any id that it is asked about, unless told otherwise. A call must be placed:

{placing_a_call(url)}
"""


def placing_a_call(url: str) -> str:
    """Give the command that places a call, whose report is there to be collected once it has ended."""
    return f"""curl {url}/_simulator/calls -d '{{"calls": [{{"message_id": "call-1", "end": "answered"}}]}}'"""


def _hyber_account(url: str, site: HyberSite) -> dict[str, Any]:
    return {
        "provider": "hyber",
        "base_url": url,
        "client_id": site.client_id,
        "username": site.username,
        "password": _shown(site.password, HyberSite().password),
    }


def _voice_account(url: str, site: InfobipSite) -> dict[str, Any]:
    account = {"provider": "infobip_voice", "base_url": url, "path": site.path, "logs_path": site.logs_path}
    if site.auth == "basic":
        return account | {"username": site.username, "password": _shown(site.password, _PLAIN.password)}
    return account | {"auth": site.auth, "api_key": _shown(site.api_key, _PLAIN.api_key)}


def _shown(secret: str, public: str) -> str:
    return secret if secret == public else _WITHHELD
