"""What the conformance suite knows of a provider: data beside its cases, and a reader for each way to give reports."""

import base64
import importlib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from relay.core.items import Answered
from relay.core.model import Report
from relay.lookups.http import HttpRequest, HttpResponse
from relay.lookups.pages import Page, UnreadableReport
from relay.providers import PROVIDERS, Asks, Collects
from relay.providers.account import Account
from tests.builders import NOON, a_lookup

CASES = Path(__file__).parent / "cases"
_REPORT = TypeAdapter(Report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A body of a provider, and what it must be read as."""

    provider: str
    situation: str
    body: bytes
    expected: Mapping[str, Any]


def situations(provider: str) -> Iterator[Case]:
    """Give the golden cases of a provider."""
    for path in sorted((CASES / provider).glob("*.reports.json")):
        situation = path.name.removesuffix(".reports.json")
        (body,) = (CASES / provider).glob(f"{situation}.response.*")
        expected = json.loads(path.read_bytes())
        yield Case(provider=provider, situation=situation, body=body.read_bytes(), expected=expected)


@cache
def told(provider: str) -> dict[str, Any]:
    """Return what the suite is told of a provider."""
    return tomllib.loads((CASES / provider / "provider.toml").read_text(encoding="utf-8"))


def accounts(provider: str) -> dict[str, Account]:
    """Return valid accounts of a provider, the plainest first."""
    settings = PROVIDERS[provider].settings
    return {
        name: settings.model_validate({"provider": provider, **table})
        for name, table in told(provider)["accounts"].items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Some codes of a provider in a body, and what the report must say of them."""

    body: bytes
    codes: tuple[str, ...]
    says: Mapping[str, str]


def rows(provider: str) -> Iterator[Row]:
    """Give each entry of each table of codes, in each of its bodies."""
    for table in told(provider)["codes"]:
        for line in table["rows"]:
            said, entries = line.split(":")
            for entry in entries.split(","):
                codes = tuple(entry.split())
                says = {name: filled(text, codes) for name, text in zip(table["says"], said.split(), strict=True)}
                for body in table["bodies"]:
                    yield Row(body=filled(body, codes).encode(), codes=codes, says=says)


def filled(text: str, codes: Sequence[str]) -> str:
    """Return a text with codes in the places $1, $2 and so on."""
    for number, code in enumerate(codes, start=1):
        text = text.replace(f"${number}", code)
    return text


def table_keys(provider: str) -> Iterator[int | str]:
    """Give the codes and names that stand in a provider's tables, those of enumerations left out."""
    for name in ("mapping", "tables"):
        try:
            module = importlib.import_module(f"relay.providers.{provider}.{name}")
        except ModuleNotFoundError:
            continue
        tables = [value for name, value in vars(module).items() if isinstance(value, Mapping) and name[0] != "_"]
        for key in chain.from_iterable(tables):
            if isinstance(key, int | str) and not isinstance(key, Enum):
                yield key


@dataclass(frozen=True, slots=True)
class Asked:
    """A provider that is asked for each message."""

    provider: str
    asks: Asks

    def read(self, case: Case, body: bytes | None = None) -> Answered:
        """Return what the body of a case, or another one in its place, is read as."""
        lookup = a_lookup(**{"message_id": None, **case.expected.get("lookup", {})})
        response = HttpResponse(case.expected.get("status", 200), case.body if body is None else body)
        return self.asks.interpret(response, lookup, NOON, self._account)

    def wanted(self, case: Case) -> Answered:
        """Return what the case says that it must be read as."""
        report = case.expected["report"]
        return Answered(report=None if report is None else written(case, report), found=case.expected["found"])

    def said(self, reading: Answered) -> tuple[list[Report], list[str]]:
        """Return the reports of what was read, and the reasons why others can't be."""
        return ([reading.report] if reading.report else []), []

    def requests(self, account: Account, name: str) -> Iterator[HttpRequest]:
        """Give the requests that an id can be in."""
        for ids in ({"message_id": name}, {"message_id": None, "extra_id": name}):
            yield self.asks.to_request(a_lookup(**ids), account)

    @property
    def _account(self) -> Account:
        return next(iter(accounts(self.provider).values()))


@dataclass(frozen=True, slots=True)
class Collected:
    """A provider that hands reports out by the page."""

    provider: str
    collects: Collects

    def read(self, case: Case, body: bytes | None = None) -> Page:
        """Return what the body of a case, or another one in its place, is read as."""
        return self.collects.read_page(case.body if body is None else body, None, self._account)

    def wanted(self, case: Case) -> Page:
        """Return what the case says that it must be read as."""
        reports = tuple(written(case, report) for report in case.expected["reports"])
        unreadable = tuple(map(_unreadable, case.expected["unreadable"]))
        return Page(
            reports=reports,
            unreadable=unreadable,
            count=len(reports) + len(unreadable),
            broken=case.expected.get("broken", False),
        )

    def said(self, reading: Page) -> tuple[list[Report], list[str]]:
        """Return the reports of what was read, and the reasons why others can't be."""
        return list(reading.reports), [one.reason for one in reading.unreadable]

    def requests(self, account: Account, name: str) -> Iterator[HttpRequest]:
        """Give the requests that an id can be in."""
        yield self.collects.drain_request(account, message_id=name)
        yield self.collects.drain_request(account, bulk_id=name, limit=7)
        log = self.collects.log_request(
            account, message_ids=(name, name), bulk_ids=(name,), sent_since_at=NOON, sent_until_at=NOON
        )
        if log is not None:
            yield log

    @property
    def _account(self) -> Account:
        return next(iter(accounts(self.provider).values()))


def subject(provider: str) -> Asked | Collected:
    """Return what reads a provider's bodies and gives its requests."""
    match PROVIDERS[provider].reports:
        case Asks() as asks:
            return Asked(provider, asks)
        case Collects() as collects:
            return Collected(provider, collects)


def written(case: Case, report: Mapping[str, Any]) -> Report:
    """Return the report that an expectation describes; what it doesn't name is at its default."""
    plain = {"occurred_at": None, **told(case.provider).get("reports", {})}
    return _REPORT.validate_json(json.dumps({**plain, **report}))


def _unreadable(expected: Mapping[str, str]) -> UnreadableReport:
    body = base64.b64decode(expected["base64"]) if "base64" in expected else expected["body"].encode()
    return UnreadableReport(body=body, reason=expected["reason"])


def shown(report: Report, path: str) -> str:
    """Return a field of a report as the tables of codes write it: `-` for none, lists joined by `+`."""
    value: Any = _REPORT.dump_python(report, mode="json")
    for name in path.split("."):
        value = value and value[name]
    if isinstance(value, list):
        value = "+".join(sorted(value))
    return "-" if value in (None, "") else str(value)


COLLECTED = [name for name in PROVIDERS if isinstance(subject(name), Collected)]
