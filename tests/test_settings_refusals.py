"""How a refusal of settings is written: all mistakes at once, each on one line, no secret in any."""

from pathlib import Path

import pytest

from relay.settings import ConfigurationError, load_settings
from tests.relay_toml import HYBER, SECRET, load, refusal

pytestmark = pytest.mark.usefixtures("own_folder")


def test_all_mistakes_are_told_at_once() -> None:
    """Who has three mistakes hears of three."""
    lines = refusal('[http]\nport = -1\n[logging]\nlevel = "x"' + HYBER + "concurrency = 0", {"RELAY_X": ""})
    assert len(lines) == 4


def test_a_bad_secret_file_is_one_mistake() -> None:
    """A password file that can't be read is not reported as a missing password as well."""
    Path("empty").write_text("\n", encoding="utf-8")
    toml = HYBER.replace(f'password = "{SECRET}"', 'password_file = "empty"')
    assert refusal(toml) == ("relay.toml: accounts.x.password_file: names an empty file; write the secret into it",)


def test_a_secret_file_that_is_not_text_is_refused_without_its_bytes() -> None:
    """The decoding error of a secret, which holds its bytes, is not chained to the refusal."""
    Path("binary").write_bytes(b"s3cret\xff")
    with pytest.raises(ConfigurationError) as raised:
        load(HYBER.replace(f'password = "{SECRET}"', 'password_file = "binary"'))
    assert "accounts.x.password_file: names a file that is not UTF-8 text;" in raised.value.lines[0]
    assert raised.value.__context__ is None


def test_a_refusal_does_not_lead_to_the_inputs() -> None:
    """Whoever logs the exception with all its causes logs no secret."""
    with pytest.raises(ConfigurationError) as raised:
        load(HYBER + "concurrency = 0")
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_keys_with_control_characters_stay_on_one_line() -> None:
    """A key can't forge a second line or colour the terminal."""
    (line,) = refusal('"a\\nb\\u001b[31m" = 1')
    assert line.startswith("relay.toml: a\\nb\\x1b[31m: is not a known key;")


def test_files_that_are_no_toml_are_refused_in_one_line() -> None:
    """A directory, a missing file, other encodings and absurd numbers are told without a traceback."""
    Path("latin.toml").write_bytes(b"a = '\xe9'")
    Path("long.toml").write_text(f"a = {'1' * 5000}", encoding="utf-8")
    for file, part in (
        (".", "can't be read (is a directory)"),
        ("gone.toml", "can't be read (no such file or directory)"),
        ("latin.toml", "is not UTF-8 text"),
        ("long.toml", "can't be parsed"),
    ):
        with pytest.raises(ConfigurationError) as raised:
            load_settings(Path(file), {})
        assert raised.value.lines[0].startswith(f"{file}: {part}")


@pytest.mark.parametrize("provider", ['["hyber"]', "{ name = 'hyber' }", "5"])
def test_a_provider_that_is_no_word_is_named(provider: str) -> None:
    """Whatever kind of value it is."""
    assert "accounts.main.provider" in refusal(f"[accounts.main]\nprovider = {provider}\n")[0]


def test_an_interval_of_drains_has_a_bound() -> None:
    """A year: what is added to an instant must stay within the calendar."""
    voice = HYBER.replace('"hyber"', '"infobip_voice"').replace('client_id = "1021"\n', "")
    (line,) = refusal(f"{voice}[accounts.x.polling]\ndrain_seconds = 1e12\n")
    assert "drain_seconds: must be at most" in line
