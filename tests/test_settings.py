"""The configuration: what it gives, and one line for each mistake in it."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from relay.configuration import TopicSettings
from relay.providers.hyber.settings import HyberAccount
from relay.settings import Settings, describe, load_settings
from tests.relay_toml import ACCOUNT, HYBER, SECRET, load

pytestmark = pytest.mark.usefixtures("own_folder")


def hyber(settings: Settings, name: str = "x") -> HyberAccount:
    """Give an account that must be Hyber's."""
    account = settings.accounts[name]
    assert isinstance(account, HyberAccount)
    return account


def test_nothing_configured_gives_the_defaults() -> None:
    """Without file and variables every key has the default of the contract."""
    settings = load_settings(None, {})
    assert settings.source is None
    assert settings.kafka.bootstrap_servers is None
    assert settings.relay.model_dump() == {
        "group": "delivery-relay",
        "partitions": 12,
        "replication_factor": 1,
        "create_topics": True,
    }
    assert settings.http.model_dump() == {"host": "127.0.0.1", "port": 8080}
    assert settings.logging.model_dump() == {"format": "json", "level": "info"}
    assert settings.privacy.recipients == "masked"
    assert settings.accounts == {}


def test_topics_have_the_names_of_the_contract() -> None:
    """All ten topics are named as the contract's first section names them."""
    assert TopicSettings().model_dump() == {
        "fetch_requests": "delivery.fetch-requests.v1",
        "messages_sent": "messages.sent.v1",
        "delivered": "delivery.delivered.v1",
        "seen": "delivery.seen.v1",
        "failed": "delivery.failed.v1",
        "answered": "delivery.answered.v1",
        "dead_letters": "delivery.dead-letters.v1",
        "inbox": "relay.inbox.v1",
        "raw": "relay.raw.v1",
        "state": "relay.state.v1",
    }


def test_the_example_of_the_contract_loads() -> None:
    """The Hyber account of the contract, with every key, is accepted as it stands."""
    Path("hyber").write_text(SECRET + "\n", encoding="utf-8")
    settings = load("""
        [kafka]
        bootstrap_servers = "127.0.0.1:9092"
        [relay]
        group = "delivery-relay"
        partitions = 12
        replication_factor = 1
        create_topics = true
        [accounts.hyber_main]
        provider = "hyber"
        base_url = "https://dr-v2-site.hyber.im"
        client_id = "1021"
        path = "/{client_id}/api/dr"
        username = "login"
        password_file = "hyber"
        concurrency = 100
        rate_per_second = 200
        timeout_seconds = 10
        [accounts.hyber_main.polling]
        initial_seconds = 5
        factor = 1.6
        max_seconds = 900
        expire_after_seconds = 172800
        seen_watch_seconds = 86400
        [accounts.hyber_main.codes]
        seen_substatus = [24]
    """)
    account = hyber(settings, "hyber_main")
    assert settings.source == "relay.toml"
    assert account.password.get_secret_value() == SECRET
    assert account.path == "/{client_id}/api/dr"
    assert account.polling.seen_watch_seconds == 86400
    assert account.codes.seen_substatus == (24,)


def test_environment_alone_configures_an_account() -> None:
    """Every value can come from variables: text, numbers, truth values and lists."""
    settings = load_settings(
        None,
        ACCOUNT
        | {
            "RELAY_KAFKA__BOOTSTRAP_SERVERS": "a:1,b:2",
            "RELAY_RELAY__CREATE_TOPICS": "false",
            "RELAY_HTTP__PORT": "0",
            "RELAY_ACCOUNTS__X__CODES__SEEN_SUBSTATUS": "[24,28]",
            "RELAY_ACCOUNTS__X__RATE_PER_SECOND": "2.5",
            "RELAYED": "not ours",
        },
    )
    assert settings.kafka.bootstrap_servers == "a:1,b:2"
    assert settings.relay.create_topics is False
    assert settings.http.port == 0
    assert hyber(settings).codes.seen_substatus == (24, 28)
    assert hyber(settings).rate_per_second == 2.5


def test_environment_wins_over_the_file() -> None:
    """A variable replaces the file's value and leaves its neighbours."""
    settings = load('[http]\nport = 1\nhost = "h"', {"RELAY_HTTP__PORT": "2"})
    assert (settings.http.port, settings.http.host) == (2, "h")


def test_a_password_of_digits_stays_text() -> None:
    """A variable that looks like a number or JSON is taken literally where text belongs."""
    for password in ("123456", "null", '{"a": 1}', "[1]"):
        settings = load_settings(None, ACCOUNT | {"RELAY_ACCOUNTS__X__PASSWORD": password})
        assert hyber(settings).password.get_secret_value() == password


def test_a_password_variable_wins_over_a_password_file_of_the_file() -> None:
    """The environment overrides a secret whichever way the file gives it, even if that file is gone."""
    toml = HYBER.replace(f'password = "{SECRET}"', 'password_file = "gone"')
    settings = load(toml, {"RELAY_ACCOUNTS__X__PASSWORD": "other"})
    assert hyber(settings).password.get_secret_value() == "other"


@pytest.mark.parametrize(("content", "secret"), [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a ")])
def test_a_secret_file_loses_one_newline(content: str, secret: str) -> None:
    """One trailing newline is the editor's, everything else belongs to the secret."""
    Path("secret").write_text(content, encoding="utf-8", newline="")
    toml = HYBER.replace(f'password = "{SECRET}"', 'password_file = "secret"')
    assert hyber(load(toml)).password.get_secret_value() == secret


def test_relay_config_names_the_file() -> None:
    """RELAY_CONFIG is read before relay.toml, and a path given by the caller before both."""
    Path("relay.toml").write_text("[http]\nport = 1", encoding="utf-8")
    Path("b.toml").write_text("[http]\nport = 2", encoding="utf-8")
    Path("c.toml").write_text("[http]\nport = 3", encoding="utf-8")
    assert load_settings(None, {}).http.port == 1
    assert load_settings(None, {"RELAY_CONFIG": "b.toml"}).http.port == 2
    given = load_settings(Path("c.toml"), {"RELAY_CONFIG": "b.toml"})
    assert (given.http.port, given.source) == (3, "c.toml")


def test_base_url_and_path_lose_their_last_slash() -> None:
    """URLs are joined by one slash whether or not the configuration ends in one."""
    account = hyber(load(HYBER.replace("dr.example", "dr.example/api/") + 'path = "/{client_id}/dr/"'))
    assert (account.base_url, account.path) == ("https://dr.example/api", "/{client_id}/dr")


def test_settings_are_frozen() -> None:
    """Nobody changes a setting after it was loaded."""
    with pytest.raises(ValidationError):
        load().http.port = 1  # type: ignore[misc]


def test_secrets_are_never_shown() -> None:
    """Neither repr, str nor the description of the settings holds a secret, from a file or not."""
    Path("kafka").write_text(SECRET, encoding="utf-8")
    settings = load(
        '[kafka]\nsecurity_protocol = "SASL_SSL"\nsasl_username = "u"\nsasl_password_file = "kafka"' + HYBER
    )
    shown = describe(settings)
    assert SECRET not in f"{settings!r} {settings} {shown} {settings.model_dump_json()}"
    assert shown["source"] == "relay.toml"
    assert shown["accounts"]["x"]["client_id"] == "1021"
    assert shown["accounts"]["x"]["password"] == "**********"
    assert shown["kafka"]["sasl_password_file"] == "kafka"


def sections(model: type[BaseModel]) -> list[type[BaseModel]]:
    """Give a model and all models inside it."""
    inner = [field.annotation for field in model.model_fields.values()]
    models = [part for part in inner if isinstance(part, type) and issubclass(part, BaseModel)]
    return [model, *(deeper for part in models for deeper in sections(part))]


@pytest.mark.parametrize("root", [Settings, HyberAccount])
def test_every_key_says_what_to_set(root: type[BaseModel]) -> None:
    """A refusal ends with the key's description, so each key needs one."""
    silent: list[Any] = [
        (model.__name__, key)
        for model in sections(root)
        for key, field in model.model_fields.items()
        if not field.description
    ]
    assert not silent
