"""A relay.toml by its text: the settings that it gives, or the lines that refuse it."""

from pathlib import Path

import pytest

from relay.settings import ConfigurationError, Settings, load_settings

SECRET = "s3cret-Value"
ACCOUNT = {
    "RELAY_ACCOUNTS__X__PROVIDER": "hyber",
    "RELAY_ACCOUNTS__X__BASE_URL": "https://dr.example",
    "RELAY_ACCOUNTS__X__CLIENT_ID": "1021",
    "RELAY_ACCOUNTS__X__USERNAME": "login",
    "RELAY_ACCOUNTS__X__PASSWORD": SECRET,
}
HYBER = f"""
[accounts.x]
provider = "hyber"
base_url = "https://dr.example"
client_id = "1021"
username = "login"
password = "{SECRET}"
"""


def load(toml: str = "", environ: dict[str, str] | None = None) -> Settings:
    """Load a relay.toml with this text."""
    Path("relay.toml").write_text(toml, encoding="utf-8")
    return load_settings(None, environ or {})


def refusal(toml: str, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    """Give the lines that refuse a relay.toml with this text."""
    with pytest.raises(ConfigurationError) as raised:
        load(toml, environ)
    return raised.value.lines
