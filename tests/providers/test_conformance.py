"""One suite for every provider and its golden cases: `<situation>.response.*` and what it must be read as."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from relay.core.decide import absorb
from relay.core.model import Answered, Lookup, Report
from relay.lookups.http import HttpResponse
from relay.lookups.reading import Garbled
from relay.providers import PROVIDERS, Asks
from relay.providers.account import Account
from relay.slot.publishing import event_value
from tests.builders import NOON, a_lookup, a_state, rules
from tests.strategies import json_values

CASES = Path(__file__).parent / "cases"
SETTINGS: dict[str, dict[str, Any]] = {
    "hyber": {"base_url": "https://dr.example", "client_id": "1021", "username": "login", "password": "s3cr3t-word"}
}
"""One valid table of settings for each provider."""
ASKED: dict[str, Asks] = {
    name: provider.reports for name, provider in PROVIDERS.items() if isinstance(provider.reports, Asks)
}
_REPORT = TypeAdapter(Report)
lookups = st.builds(
    a_lookup,
    message_id=st.none() | st.just("m-1"),
    extra_id=st.just("e-1"),
    detail=st.sampled_from(["simple", "advanced"]),
)


def an_account(provider: str, **changes: Any) -> Account:
    """Return an account of the provider."""
    return PROVIDERS[provider].settings.model_validate({"provider": provider, **SETTINGS[provider], **changes})


def read(provider: str, response: HttpResponse, lookup: Lookup, **settings: Any) -> Answered:
    """Return what a response is read as."""
    return ASKED[provider].interpret(response, lookup, NOON, an_account(provider, **settings))


def situations() -> Iterator[Any]:
    """Give each provider with each of its cases."""
    for provider in ASKED:
        for expected in sorted((CASES / provider).glob("*.reports.json")):
            situation = expected.name.removesuffix(".reports.json")
            yield pytest.param(provider, situation, id=f"{provider}-{situation}")


def written(report: dict[str, Any] | None) -> Report | None:
    """Return the report that an expectation describes; what it doesn't name is at its default."""
    return None if report is None else _REPORT.validate_json(json.dumps({"occurred_at": None, **report}))


@pytest.mark.parametrize(("provider", "situation"), list(situations()))
def test_golden_case(provider: str, situation: str) -> None:
    """The bytes are read as somebody wrote down by hand, or refused naming the field."""
    expected = json.loads((CASES / provider / f"{situation}.reports.json").read_bytes())
    (body,) = (CASES / provider).glob(f"{situation}.response.*")
    lookup = a_lookup(**{"message_id": None, **expected["lookup"]})
    response = HttpResponse(expected["status"], body.read_bytes())
    if "garbled" in expected:
        with pytest.raises(Garbled, match=expected["garbled"]):
            read(provider, response, lookup)
        return
    answer = read(provider, response, lookup)
    assert answer == Answered(report=written(expected["report"]), found=expected["found"])


@pytest.mark.parametrize("provider", ASKED)
def test_cases_have_no_orphans(provider: str) -> None:
    """Each response has its expectation with provenance, and each expectation its response."""
    names = [path.name for path in (CASES / provider).iterdir()]
    expected = {name.removesuffix(".reports.json") for name in names if name.endswith(".reports.json")}
    assert expected == {name.partition(".response.")[0] for name in names if ".response." in name}
    assert expected
    for situation in expected:
        assert json.loads((CASES / provider / f"{situation}.reports.json").read_bytes())["provenance"]


@pytest.mark.parametrize("provider", ASKED)
@given(status=st.integers(200, 599), body=st.binary(max_size=80), lookup=lookups)
def test_any_bytes_are_read_or_garbled(provider: str, status: int, body: bytes, lookup: Lookup) -> None:
    """No body raises anything but Garbled."""
    with suppress(Garbled):
        read(provider, HttpResponse(status, body), lookup)


def mutated(body: Any) -> st.SearchStrategy[Any]:
    """Draw the JSON with some values replaced by any others."""
    if isinstance(body, dict):
        whole = st.fixed_dictionaries({name: mutated(value) for name, value in body.items()})
        return whole | st.dictionaries(st.sampled_from(sorted(body)), json_values)
    if isinstance(body, list):
        return st.tuples(*map(mutated, body)).map(list)
    awkward = st.sampled_from([2**63, -(2**63) - 1, 2**64, "9" * 30, "", "..", "x" * 5000, 1e300, -1, 0, 4, True, "2"])
    return st.one_of(st.just(body), st.just(body), awkward, json_values)


_BODIES = [
    json.loads((CASES / "hyber" / f"{name}.response.json").read_bytes())
    for name in ("documented-simple-sms", "documented-advanced-viber-then-sms", "documented-simple-viber-template")
]


@given(body=st.sampled_from(_BODIES).flatmap(mutated), lookup=lookups)
def test_any_json_is_read_or_garbled(body: Any, lookup: Lookup) -> None:
    """Whatever stands in the fields, it is read into a report that an event can carry, or refused."""
    lookup = a_lookup(message_id=None, extra_id=None, detail=lookup.detail)
    try:
        answer = read("hyber", HttpResponse(200, json.dumps(body).encode()), lookup)
    except Garbled:
        return
    if answer.report is not None:
        verdict = absorb(a_state(), answer.report, NOON, rules())
        assert all(len(event_value(event)) < 100_000 for event in verdict.events)


@pytest.mark.parametrize("provider", ASKED)
@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
        lambda text: text not in (".", "..")
    )
    | st.sampled_from(["../../x?y#z", "a/b%2f", "%2e%2e", "...", "a\\b", "a b", "ключ"])
)
def test_an_id_stays_within_its_segment(provider: str, name: str) -> None:
    """No id can add a segment, a query or a fragment to the path, and the text of the path is plain ASCII."""
    account = an_account(provider)
    plain = ASKED[provider].to_request(a_lookup(message_id="plain"), account).path
    for ids in ({"message_id": name}, {"message_id": None, "extra_id": name}):
        path = ASKED[provider].to_request(a_lookup(**ids), account).path
        assert path.count("/") in (plain.count("/"), plain.count("/") + 1)
        assert not set(path) & set("?#\\ \r\n")
        assert path.isascii()
        assert "/../" not in path


@pytest.mark.parametrize("provider", ASKED)
def test_a_request_holds_no_secret(provider: str) -> None:
    """Credentials live in the client; what is logged and kept of a request can't betray them."""
    account = an_account(provider)
    request = ASKED[provider].to_request(a_lookup(), account)
    assert "authorization" not in {name.lower() for name in request.headers or {}}
    assert "s3cr3t-word" not in repr(request)
    assert "Authorization" in PROVIDERS[provider].credentials(account)
