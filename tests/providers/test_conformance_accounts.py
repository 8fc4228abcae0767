"""What every provider's accounts and requests are held to: no secret shown, no report consumed by a probe, all told.

A new provider adds its example accounts to its `provider.toml`; nothing here names one.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from relay.providers import PROVIDERS
from tests.providers.subjects import COLLECTED, Collected, accounts, subject

ROOT = Path(__file__).parents[2]
ACCOUNTS = [(provider, name) for provider in PROVIDERS for name in accounts(provider)]
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda text: text not in (".", "..")
) | st.sampled_from(["../../x?y#z", "a/b%2f", "%2e%2e", "...", "a\\b", "a b", "ключ", "a&limit=1", "a=b;c", "+"])


@pytest.mark.parametrize("provider", PROVIDERS)
@given(name=names)
def test_an_id_stays_in_its_place(provider: str, name: str) -> None:
    """No id can add a segment, a field or a fragment to a request, whose path is plain ASCII."""
    account = next(iter(accounts(provider).values()))
    reader = subject(provider)
    for request, plain in zip(reader.requests(account, name), reader.requests(account, "plain"), strict=True):
        path = request.path
        assert path.isascii()
        assert path.isprintable()
        assert re.sub(r"[^/?&=#]", "", path) == re.sub(r"[^/?&=#]", "", plain.path)
        assert not set(path) & set("\\ +;#")
        assert "/../" not in path


@pytest.mark.parametrize(("provider", "name"), ACCOUNTS)
def test_a_request_holds_no_secret(provider: str, name: str) -> None:
    """Credentials live in the client; what is logged and kept of a request or an account can't betray them."""
    account = accounts(provider)[name]
    headers = PROVIDERS[provider].credentials(account)
    assert "Authorization" in headers
    values = [getattr(account, field) for field in type(account).model_fields]
    secrets = {value.get_secret_value() for value in values if isinstance(value, SecretStr)} - {""}
    assert secrets
    probe = PROVIDERS[provider].probe(account)
    for request in [*subject(provider).requests(account, "m-1"), *([probe] if probe else [])]:
        assert "authorization" not in {header.lower() for header in request.headers or {}}
        assert not [word for word in secrets | set(headers["Authorization"].split()[1:]) if word in repr(request)]
    assert not [word for word in secrets if word in repr(account)]


@pytest.mark.parametrize(("provider", "name"), [(one, name) for one, name in ACCOUNTS if one in COLLECTED])
def test_a_probe_consumes_nothing(provider: str, name: str) -> None:
    """Where reading unread reports consumes them, a probe asks elsewhere; without another place there is none."""
    account = accounts(provider)[name]
    reader = subject(provider)
    assert isinstance(reader, Collected)
    drain = reader.collects.drain_request(account).path.partition("?")[0]
    log = reader.collects.log_request(account)
    probe = PROVIDERS[provider].probe(account)
    assert (probe is None) == (log is None)
    if probe is not None and log is not None:
        assert probe.path.partition("?")[0] == log.path.partition("?")[0] != drain


def leaves(settings: type[BaseModel]) -> Iterator[str]:
    """Give the keys of settings, those of their tables as well."""
    for name, field in settings.model_fields.items():
        assert field.description, f"{settings.__name__}.{name}"
        yield name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_settings_are_documented(provider: str) -> None:
    """Each key says what it is for, and stands in the README's table of the provider's account, or beside it."""
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    tables = [table for block in blocks for table in re.split(r"(?m)^(?=\[accounts\.\w+\]$)", block)]
    texts = [table for table in tables if f'provider = "{provider}"' in table]
    shared = [table for table in tables if re.match(r"\[accounts\.\w+\]$", table, re.MULTILINE)]
    assert texts
    printed = set(re.findall(r"\w+", re.sub(r"(\w+)\(_file\)", r"\1 \1_file", "".join(texts + shared))))
    assert set(leaves(PROVIDERS[provider].settings)) <= printed


@pytest.mark.parametrize(("provider", "name"), ACCOUNTS)
def test_an_account_can_be_used(provider: str, name: str) -> None:
    """What the relay asks of a provider is given for each valid account, under the name it is registered by."""
    account = accounts(provider)[name]
    assert account.provider == provider
    assert PROVIDERS[provider].grace_seconds(account) >= 0
    assert PROVIDERS[provider].schedule(account).pending
    assert (ROOT / "relay/providers" / provider / "README.md").is_file()
