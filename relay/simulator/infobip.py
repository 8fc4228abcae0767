"""Infobip's voice API: recognises drains and looks into the log, checks credentials, hands each report out once."""

from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Any, Final, Literal

from relay.simulator.infobip_bodies import Accepted, XmlLayout, accepted, problem, results
from relay.simulator.infobip_calls import CallReport
from relay.simulator.infobip_drains import Drain, Drains
from relay.simulator.infobip_ledger import CallLedger
from relay.simulator.infobip_queries import InvalidQueryError, log_query, report_query
from relay.simulator.infobip_reports import OLDEST_EDITION, Edition, Style, flat_report, log_entry, nested_report
from relay.simulator.infobip_truth import HandedOut
from relay.simulator.lookups import Call, Lookup, Response

FLAT_PATH: Final = "/tts/3/reports"
NESTED_PATH: Final = "/voice/1/reports"
_MINUTE_SECONDS: Final = 60.0
_Writer = Callable[[CallReport, Style], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InfobipSite:
    """One account at Infobip. Its reports are at both documented paths and at `path`, nested below `/voice/`.

    `logs_path` "" switches the log off; its window of `log_seconds` is by the simulator's clock, whatever its speed.
    `edition` is the set of fields of the flat report, `xml_layout` the name of a record's element in XML.
    """

    path: str = FLAT_PATH
    logs_path: str = "/tts/3/logs"
    auth: Literal["basic", "app", "bearer"] = "basic"
    api_key: str = "key"
    username: str = "login"
    password: str = "password"  # noqa: S105 - the simulator's own, public
    xml_layout: XmlLayout = "result"
    edition: Edition = 2018
    offset_minutes: int = 0
    log_seconds: float = 48 * 3600.0
    logs_per_minute: int = 120

    @property
    def account(self) -> str:
        """Name the account in faults and counters; the log counts as another one, so that either can be struck."""
        return f"infobip/{self.username}"

    @property
    def authorization(self) -> str:
        """Give the header that the account's calls must carry."""
        if self.auth == "basic":
            return f"Basic {b64encode(f'{self.username}:{self.password}'.encode()).decode()}"
        return f"{self.auth.capitalize()} {self.api_key}"


class Infobip:
    """The voice API of one account."""

    def __init__(self, site: InfobipSite, ledger: CallLedger) -> None:
        self._site = site
        self._ledger = ledger
        self._drains = Drains()
        style = Style(edition=site.edition, offset_minutes=site.offset_minutes)
        in_xml = replace(style, price_name="pricePerMessage") if site.edition == OLDEST_EDITION else style
        self._styles: Mapping[Accepted, Style] = {"json": style, "xml": in_xml}
        own = nested_report if site.path.startswith("/voice/") else flat_report
        self._writers: Mapping[str, _Writer] = {FLAT_PATH: flat_report, NESTED_PATH: nested_report, site.path: own}
        self._logged_at: deque[float] = deque()

    def lookup(self, call: Call) -> Lookup | None:
        """Recognise a drain by its path, or a look into the log."""
        writer = self._writers.get(call.path)
        if writer is not None:
            return self._drain(call, writer)
        return self._log(call) if call.path == self._site.logs_path else None

    def handed_out(self) -> tuple[HandedOut, ...]:
        """Give every report that was handed out, in order."""
        return tuple(self._drains.handed_out(self._ledger.in_log_until))

    def _drain(self, call: Call, writer: _Writer) -> Lookup:
        begun: list[Drain] = []

        def drained(now: float) -> Response:
            drain = self._drains.begin(self._ledger.take(report_query(call.query), now), now)
            begun.append(drain)
            return self._written(call, drain.reports, writer, "reportResponse")

        def struck(fault: str, cut: bool) -> None:  # noqa: FBT001 - the shape of `Lookup.struck`
            for drain in begun:
                drain.strike(fault, cut=cut)

        return self._recognised(call, self._site.account, drained, struck)

    def _log(self, call: Call) -> Lookup:
        def looked(now: float) -> Response:
            query = log_query(call.query)
            if not self._admitted(now):
                return problem(HTTPStatus.TOO_MANY_REQUESTS, "", accepted(call))
            return self._written(call, self._ledger.log(query, now), log_entry, "voiceLogsResponse")

        return self._recognised(call, f"{self._site.account}/logs", looked)

    def _recognised(
        self,
        call: Call,
        account: str,
        respond: Callable[[float], Response],
        struck: Callable[[str, bool], None] = lambda _fault, _cut: None,
    ) -> Lookup:
        return Lookup(
            account=account,
            ids=_ids(call),
            respond=lambda now: self._refused(call) or _unless_invalid(respond, now, call),
            error=partial(_error, call),
            struck=struck,
        )

    def _refused(self, call: Call) -> Response | None:
        scheme, _, credentials = call.headers.get("Authorization", "").partition(" ")
        if f"{scheme.capitalize()} {credentials}" != self._site.authorization:
            return problem(HTTPStatus.UNAUTHORIZED, "", accepted(call))
        if call.method != "GET":
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed", accepted(call))
        return None

    def _admitted(self, now: float) -> bool:
        while self._logged_at and self._logged_at[0] <= now - _MINUTE_SECONDS:
            self._logged_at.popleft()
        if len(self._logged_at) >= self._site.logs_per_minute:
            return False
        self._logged_at.append(now)
        return True

    def _written(self, call: Call, reports: tuple[CallReport, ...], writer: _Writer, root: str) -> Response:
        wanted = accepted(call)
        records = (writer(report, self._styles[wanted]) for report in reports)
        return results(records, wanted, root=root, layout=self._site.xml_layout)


def _unless_invalid(respond: Callable[[float], Response], now: float, call: Call) -> Response:
    try:
        return respond(now)
    except InvalidQueryError as error:
        return problem(HTTPStatus.BAD_REQUEST, "", accepted(call), reasons=error.reasons)


def _ids(call: Call) -> tuple[str, ...]:
    try:
        return log_query(call.query).message_ids
    except InvalidQueryError:
        return ()


def _error(call: Call, status: int, text: str) -> Response:
    return problem(status, text, accepted(call))
