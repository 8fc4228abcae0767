"""What a message still waits for, and when that is due: the account's own rules, asked as of now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from relay.core.merging import awaits_outcome
from relay.core.model import Json, MessageState
from relay.core.rules import Rules
from relay.core.schedule import Step, next_step
from relay.core.standing import outcome_event
from relay.explain.entries import shown, span
from relay.explain.outcomes import standing_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The next thing to happen to a message: a lookup at `at` for what it `waits_for`, or that it is forgotten then."""

    waits_for: str | None
    at: datetime
    until: datetime | None
    sentence: str

    def as_json(self) -> Json:
        """Return it as plain JSON values."""
        return {
            "waits_for": self.waits_for,
            "action": "lookup" if self.waits_for else "forget",
            "at": shown(self.at),
            "until": shown(self.until),
            "sentence": self.sentence,
        }


def outlook(state: MessageState, rules: Rules, now: datetime) -> Outlook:
    """Return what a message, no mere alias, waits for as of `now`."""
    step = next_step(state, rules, now)
    said, lookup = standing_of(state), f"next lookup{' in the log' if rules.collecting else ''} {_when(step.at, now)}"
    if awaits_outcome(state):
        end = f"expires {_when(state.expires_at, now)}"
        if now >= state.expires_at:
            lookup, end = "its time is over", "asked about once more, then given up as failed (no report)"
        how = f"collected every {rules.collecting.drain_seconds:g} s; " if rules.collecting else ""
        return Outlook(
            waits_for="outcome", at=step.at, until=state.expires_at, sentence=f"{said}: {how}{lookup}; {end}"
        )
    if state.once:
        sentence = f"{said}: asked once, waits for the first conclusive answer; {lookup}"
        return Outlook(waits_for="answer", at=step.at, until=state.expires_at, sentence=sentence)
    return _settled(state, rules, now, step, f"{said}; {lookup}")


def _settled(state: MessageState, rules: Rules, now: datetime, step: Step, said: str) -> Outlook:
    held = outcome_event(state)
    if step.lookup and held is not None:
        until = held.observed_at + timedelta(seconds=rules.schedule.seen_watch_seconds)
        sentence = f"{said}, for it may be seen until {shown(until)}"
        return Outlook(waits_for="seen", at=step.at, until=until, sentence=sentence)
    sentence = f"{standing_of(state)}; nothing is waited for; remembered {_until(step.at, now)}"
    return Outlook(waits_for=None, at=step.at, until=None, sentence=sentence)


def _when(at: datetime, now: datetime) -> str:
    seconds = (at - now).total_seconds()
    if seconds <= 0:
        return "due now"
    return f"at {shown(at)} (in {span(seconds)})"


def _until(at: datetime, now: datetime) -> str:
    return f"until {shown(at)} (for {span((at - now).total_seconds())})" if at > now else f"no longer than {shown(at)}"
