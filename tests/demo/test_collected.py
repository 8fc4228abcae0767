"""The demo's count of the reports that are handed out once, and of the gaps that a lost answer leaves."""

from typing import Any

from relay.demo.balance import Balance
from relay.demo.collected import Collected, Gaps
from relay.demo.tally import Verdict
from relay.simulator.infobip_truth import HandedOut

GOOD = Verdict(known=1, published=1, lost=0, twice=0, faults=())


def a_report(message_id: str, *, drain: int, cut: bool = False) -> HandedOut:
    """Build a report that was handed out."""
    return HandedOut(
        message_id=message_id,
        bulk_id=None,
        status_id=5,
        error_id=5000,
        sent_at=100.0,
        done_at=101.0,
        handed_out_at=102.0,
        drain=drain,
        in_log_until=1000.0,
        fault="cut" if cut else None,
        cut=cut,
    )


REPORTS = (a_report("a", drain=1), a_report("b", drain=2, cut=True), a_report("c", drain=2, cut=True))


def a_balance(collected: Collected, *, dead_letters: int = 1) -> Balance:
    """Build the end of a demo in which all was published."""
    return Balance(verdicts={"voice": GOOD}, collected=collected, dead_letters=dead_letters)


def collected(*states: tuple[str, ...], reports: tuple[HandedOut, ...] = REPORTS, unread: int = 0) -> Collected:
    """Count after the account's state named these drains, one state after the other."""
    gaps = Gaps()
    for drain_ids in states:
        gaps.read(drain_ids)
    return gaps.collected(reports, unread)


def test_answers_and_reports_are_counted() -> None:
    """Answers with reports are told from the reports in them, and those that were cut off from the others."""
    figures = collected((), ("d-2",), ())
    assert (figures.drains, figures.reports, figures.cut_drains, figures.cut_reports) == (2, 3, 1, 2)


def test_a_gap_is_found_when_the_state_names_it_and_reconciled_when_it_no_longer_does() -> None:
    """The same drain is one gap however often the state was written."""
    figures = [collected(*states) for states in ((("d-2",), ("d-2",)), (("d-2",), ("d-2", "d-3")), (("d-2",), ()))]
    assert [(found.gaps, found.reconciled) for found in figures] == [(1, 0), (2, 0), (1, 1)]


def test_a_demo_in_which_every_lost_answer_was_made_good_has_no_fault() -> None:
    """One answer was cut off, its gap found and reconciled, nothing left unread, one dead letter."""
    assert a_balance(collected(("d-2",), ())).faults == ()


def test_everything_that_is_not_as_it_should_be_is_named() -> None:
    """A gap not found or not reconciled, no answer cut off, reports left unread, dead letters too many or too few."""

    def faults(*states: tuple[str, ...], dead_letters: int = 1, **options: Any) -> tuple[str, ...]:
        return a_balance(collected(*states, **options), dead_letters=dead_letters).faults

    assert faults() == ("answers cut off: 1, but gaps found: 0",)
    assert faults(("d-2",)) == ("gaps not reconciled: 1",)
    assert faults(reports=REPORTS[:1]) == ("no answer was cut off",)
    assert faults(("d-2",), (), unread=4) == ("reports never collected: 4",)
    assert faults(("d-2",), (), dead_letters=0) == ("the malformed record gave 0 dead letters instead of 1",)
