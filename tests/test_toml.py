"""TOML as the relay writes it."""

import tomllib

from relay.toml import as_toml


def test_text_survives_toml() -> None:
    """Quotes, backslashes and letters beyond ASCII are read back as they were."""
    tables = {"a": {"text": 'C:\\x "ї" \N{GRINNING FACE}\t\x7f', "inner": {"number": 0.5}}}
    assert tomllib.loads(as_toml(tables)) == tables


def test_a_table_can_stand_below_others() -> None:
    """What is meant to be pasted into a file names its place there, and no table above it."""
    text = as_toml({"one": {"on": True}}, above="accounts.")
    assert text == "\n[accounts.one]\non = true\n"
