"""What a message still waits for, and when that is due: the account's own rules, asked as of now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from relay.core.merging import awaits_outcome
from relay.core.model import Json, MessageState
from relay.core.rules import Rules
from relay.core.schedule import Step, next_step
from relay.core.standing import outcome_event
from relay.explain.entries import shown, span
from relay.explain.outcomes import standing_of

LATE_SECONDS: Final = 60
"""From when on what is not settled makes somebody ask why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The next thing to happen to a message: a lookup at `at` for what it `waits_for`, or that it is forgotten then.

    `look`: where to look for why it waits so long, for the topics don't tell.
    """

    waits_for: str | None
    at: datetime
    until: datetime | None
    sentence: str
    look: str | None = None

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
        sentence = f"{said}: {how}{lookup}; {end}"
        late = now >= state.anchor_at + timedelta(seconds=LATE_SECONDS)
        look = _where_to_look(rules) if late else None
        return Outlook(waits_for="outcome", at=step.at, until=state.expires_at, sentence=sentence, look=look)
    if state.once:
        sentence = f"{said}: asked once, waits for the first conclusive answer; {lookup}"
        return Outlook(waits_for="answer", at=step.at, until=state.expires_at, sentence=sentence)
    return _settled(state, rules, now, step, f"{said}; {lookup}")


def _where_to_look(rules: Rules) -> str:
    if rules.collecting:
        return f"its report comes with a drain: `relay explain --account {rules.account}` tells of those, and of gaps"
    return (
        "what the provider last said of it stands in no topic: if its lookups fail, `lookup.failed` in the log names"
        f" it; if none is made, `relay check` says why {rules.account} is not answered; else the provider says that it"
        " is pending, or doesn't know it"
    )


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
