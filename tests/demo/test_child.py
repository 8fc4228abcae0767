"""The demo's relay as a child process."""

from pathlib import Path

import pytest

from relay.demo.child import DemoFailed, RelayChild, _without_settings


async def test_a_relay_that_ends_says_why(tmp_path: Path) -> None:
    """The last line of its log is the reason, so that nobody has to look for it."""
    config = tmp_path / "relay.toml"
    config.write_text("[relay]\nwrong_key = 1\n")
    relay = RelayChild(config, tmp_path / "relay.log", {})
    with pytest.raises(DemoFailed, match="wrong_key"):
        await relay.ready()
    assert not relay.alive
    relay.stop()


def test_the_settings_of_another_relay_do_not_reach_it() -> None:
    """A variable would win over the demo's file."""
    assert _without_settings({"RELAY_HTTP__PORT": "1", "RELAY_CONFIG": "x", "HOME": "/"}) == {"HOME": "/"}
