"""One suite for every provider: its golden cases, its codes, and what no body may ever do.

A new provider adds a folder of cases with a `provider.toml`; nothing here names one.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.contracts.status_changed import StatusChanged
from relay.core.decide import absorb
from relay.core.model import Category, Report
from relay.lookups.reading import Garbled
from relay.providers import PROVIDERS
from relay.slot.codec import decode_state, encode_state, event_value
from relay.slot.keys import message_key
from tests.builders import NOON, a_state, rules
from tests.providers.subjects import (
    CASES,
    COLLECTED,
    Case,
    Collected,
    rows,
    shown,
    situations,
    subject,
    table_keys,
    told,
)
from tests.strategies import json_values

ROOT = Path(__file__).parents[2]
ALL_CASES = [case for provider in PROVIDERS for case in situations(provider)]
LARGEST_EVENT = 300_000  # three of them must fit a state's record
MARKER = "380671234567"
"""Stands for what must never get into a reason."""
cases = st.sampled_from(ALL_CASES)


def _title(case: Case) -> str:
    return f"{case.provider}-{case.situation}"


def can_be_told(report: Report) -> None:
    """Hold a report to what follows from it: events of the contract, and a state that can be stored."""
    assert report.reason is None or report.reason.category in set(Category)
    verdict = absorb(a_state(), report, NOON, rules())
    for event in verdict.events:
        value = event_value(event)
        StatusChanged.model_validate_json(value)
        assert len(value) < LARGEST_EVENT
    assert verdict.state is not None
    assert (
        decode_state(message_key("main", verdict.state.message_id or ""), encode_state(verdict.state)) == verdict.state
    )


def read_safely(case: Case, body: bytes) -> None:
    """Read any body in the place of a case's: only Garbled may come, and no reason may hold any of it."""
    reader: Any = subject(case.provider)
    try:
        reports, reasons = reader.said(reader.read(case, body))
    except Garbled as error:
        reports, reasons = [], [str(error)]
    for report in reports:
        can_be_told(report)
    assert not [reason for reason in reasons if MARKER in reason]


@pytest.mark.parametrize("case", ALL_CASES, ids=_title)
def test_golden_case(case: Case) -> None:
    """The bytes are read as somebody wrote down by hand, or refused naming the field."""
    reader: Any = subject(case.provider)
    if "garbled" in case.expected:
        with pytest.raises(Garbled, match=case.expected["garbled"]):
            reader.read(case)
        return
    reading = reader.read(case)
    assert reading == reader.wanted(case)
    for report in reader.said(reading)[0]:
        can_be_told(report)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_cases_have_no_orphans(provider: str) -> None:
    """Each response has its expectation with provenance, and each expectation its response."""
    files = [path.name for path in (CASES / provider).iterdir()]
    expected = {case.situation for case in situations(provider)}
    assert expected
    assert expected == {name.partition(".response.")[0] for name in files if ".response." in name}
    assert all(case.expected["provenance"] for case in situations(provider))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_codes_say_what_the_tables_say(provider: str) -> None:
    """Each code that is known, and some that nobody knows, gives the outcome, the reason, and what is unmapped."""
    reader: Any = subject(provider)
    for row in rows(provider):
        reading = reader.read(Case(provider=provider, situation="", body=row.body, expected={}))
        (report,), _ = reader.said(reading)
        assert {path: shown(report, path) for path in row.says} == row.says, row.codes


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_row_of_a_table_is_held_to_something(provider: str) -> None:
    """No code or name stands in a provider's tables without a row that says what it must mean."""
    held = {code for row in rows(provider) for code in row.codes}
    assert not {key for key in table_keys(provider) if str(key) not in held}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_readme_lists_the_codes_of_the_tables(provider: str) -> None:
    """People find each code in the provider's README.md, or in the module that it names for them."""
    folder = ROOT / "relay/providers" / provider
    readme = (folder / "README.md").read_text(encoding="utf-8")
    named = [folder / name for name in re.findall(r"`(\w+\.py)`", readme)]
    text = readme + "".join(path.read_text(encoding="utf-8") for path in named)
    listed = {int(number) for number in re.findall(r"(?<![\w-])-?\d+", text)}
    for first, last in re.findall(r"(\d+) to (\d+)", text):
        listed |= set(range(int(first), int(last) + 1))
    assert not {key for key in table_keys(provider) if isinstance(key, int) and key not in listed}


@given(case=cases, junk=st.binary(max_size=80), at=st.integers(0, 2000), length=st.integers(0, 2000))
def test_any_bytes_are_read_or_garbled(case: Case, junk: bytes, at: int, length: int) -> None:
    """No body raises anything but Garbled: neither junk, nor a good one with some of its bytes replaced or missing."""
    read_safely(case, junk)
    read_safely(case, case.body[:at] + junk + case.body[at + length :])


def mutated(value: Any) -> st.SearchStrategy[Any]:
    """Draw the JSON with some values replaced by any others."""
    if isinstance(value, dict):
        whole = st.fixed_dictionaries({name: mutated(item) for name, item in value.items()})
        return whole | st.dictionaries(st.sampled_from(sorted(value)), json_values) if value else whole
    if isinstance(value, list):
        return st.tuples(*map(mutated, value)).map(list)
    awkward = st.sampled_from(
        [2**63, -(2**63) - 1, 2**64, "9" * 30, "", "..", "x" * 5000, 1e300, -1, 0, 4, True, "2", "\ud800", MARKER]
    )
    return st.one_of(st.just(value), st.just(value), awkward, json_values)


def _is_json(case: Case) -> bool:
    try:
        json.loads(case.body)
    except ValueError:
        return False
    return len(case.body) < 4000


@given(
    drawn=st.sampled_from(list(filter(_is_json, ALL_CASES))).flatmap(
        lambda case: st.tuples(st.just(case), mutated(json.loads(case.body)))
    )
)
def test_any_values_are_told_or_refused(drawn: tuple[Case, Any]) -> None:
    """Whatever stands in the fields, it is read into reports that events and states can carry, or refused."""
    case, value = drawn
    read_safely(case, json.dumps(value).encode())


@pytest.mark.parametrize("provider", PROVIDERS)
@given(data=st.data())
def test_any_code_is_read(provider: str, data: st.DataObject) -> None:
    """A code that nobody has seen fails no answer and no page: its report is there."""
    table = data.draw(st.sampled_from(told(provider)["codes"]))
    body = data.draw(st.sampled_from(table["bodies"]))
    codes = data.draw(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3))
    filled = re.sub(r"\$([123])", lambda place: str(codes[int(place[1]) - 1]), body).encode()
    reader: Any = subject(provider)
    (report,), reasons = reader.said(reader.read(Case(provider=provider, situation="", body=filled, expected={})))
    assert not reasons
    can_be_told(report)


PAGES = [case for case in ALL_CASES if case.provider in COLLECTED and "garbled" not in case.expected]


@given(case=st.sampled_from(PAGES), cut=st.integers(0, 5000))
def test_a_page_that_is_cut_off_loses_nothing_unsaid(case: Case, cut: int) -> None:
    """Wherever an answer ends, its first reports are read as ever; where some are missing it is broken, or no page."""
    reader = subject(case.provider)
    assert isinstance(reader, Collected)
    whole = reader.read(case).reports
    body = case.body[: max(0, len(case.body) - cut)]
    try:
        page = reader.read(case, body)
    except Garbled:
        return
    assert page.reports == whole[: len(page.reports)]
    assert page.broken or page.reports == whole
    if page.broken and not case.expected.get("broken"):
        assert body.endswith(page.unreadable[-1].body)
