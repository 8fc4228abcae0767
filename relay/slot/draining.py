"""The part of a turn that is about accounts whose reports are collected: answers of drains, gaps, the next intent."""

import uuid
from collections.abc import Mapping

from relay.core.collecting import (
    KEPT_UNREAD,
    WHATEVER_IS_UNREAD,
    AccountItem,
    AccountState,
    Intent,
    NoAnswer,
    Read,
    Reconciled,
    Unasked,
    account_after,
    intended,
    with_decided,
)
from relay.core.items import Collected, Fulfilled, Requested, Unanswered
from relay.core.merging import awaits_outcome
from relay.core.model import MessageState, Request, RequestKind
from relay.slot.answers import Chunk
from relay.slot.collector import Collector
from relay.slot.keys import account_key, account_of, message_key, unread_key
from relay.slot.slot import RulesOf
from relay.slot.turn import Turn, decide_item
from relay.slot.understanding import Answer


def decide_account_item(turn: Turn, key: bytes, item: AccountItem, rules_of: RulesOf) -> None:
    """Decide what became of a drain that brought no answer, or of a gap."""
    state = _account(turn, key)
    turn.accounts[key] = account_after(state, item, turn.now)
    collector = turn.slot.collectors.get(account_of(key))
    if collector is None:
        return
    if isinstance(item, NoAnswer) and _is_of(state.intent, item.drain_id):
        _not_fulfilled(turn, collector, state.intent, rules_of, Unanswered(asked=True))
    if isinstance(item, Unasked) and _is_of(state.intent, item.drain_id):
        collector.failed(state.intent, turn.monotonic)
    if isinstance(item, Reconciled):
        _settle(turn, collector.settled(turn.accounts[key].gaps), rules_of)


def decide_chunk(turn: Turn, chunk: Chunk, rules_of: RulesOf) -> None:
    """Decide a part of an answer; one that was decided before, and was stored twice, changes nothing."""
    answer = chunk.answer
    key = account_key(answer.account)
    state = _account(turn, key)
    if answer.response_id in state.decided:
        return
    if chunk.first:
        _begin(turn, answer, key, rules_of)
    told = len(turn.events)
    asked = _asked_for(turn, answer, {report.bulk_id for report in chunk.reports})
    for report in chunk.reports:
        collected = Collected(report=report, asked=asked.get(report.bulk_id))
        decide_item(turn, message_key(answer.account, report.message_id or ""), collected, rules_of)
    if answer.traceparent is not None:
        turn.drains.update({event.event_id: answer.traceparent for event in turn.events[told:]})
    if chunk.last:
        _end(turn, answer, key, rules_of)


def _asked_for(turn: Turn, answer: Answer, bulk_ids: set[str | None]) -> Mapping[str | None, MessageState | None]:
    """Return by the bulks that reports name the requests for them that wait for the drain that brought the reports."""
    intent = answer.intent
    if intent is None or intent.message_id is not None:
        return {}
    wanted = {named: intent.bulk_id or named for named in bulk_ids}
    return {
        named: turn.state(unread_key(answer.account, bulk_id))
        for named, bulk_id in wanted.items()
        if bulk_id is not None
    }


def _begin(turn: Turn, answer: Answer, key: bytes, rules_of: RulesOf) -> None:
    """Close the intent: the answer is stored, so that its reports are decided whatever happens."""
    state = _account(turn, key)
    turn.accounts[key] = account_after(state, answer.item, turn.now)
    if state.intent is None or state.intent.drain_id != answer.response_id:
        return
    answer.intent = state.intent
    collector = turn.slot.collectors.get(answer.account)
    if _is_full(answer, state.intent):
        _want_the_rest(turn, answer.account, state.intent, rules_of)
    elif collector is not None and _is_good(answer):
        answer.fulfilled = collector.fulfilled(state.intent)  # now, so that none is drained again before the last chunk


def _end(turn: Turn, answer: Answer, key: bytes, rules_of: RulesOf) -> None:
    turn.letters.extend(answer.letters)
    turn.noted.answers.append(answer)
    if answer.is_settled:
        turn.accounts[key] = with_decided(_account(turn, key), answer.response_id)
    collector, intent = turn.slot.collectors.get(answer.account), answer.intent
    if collector is None or intent is None:
        return
    if not _is_good(answer):
        _not_fulfilled(turn, collector, intent, rules_of, Unanswered(asked=answer.asked, held=answer.held))
    elif not _is_full(answer, intent):
        _settle(turn, collector.settle(intent, answer.fulfilled, _account(turn, key).gaps), rules_of)


def _is_good(answer: Answer) -> bool:
    """Tell whether the answer brought whatever there was, up to its limit."""
    return isinstance(answer.item, Read) and answer.item.lost is None and not answer.refused


def _settle(turn: Turn, wished: list[bytes], rules_of: RulesOf) -> None:
    """Tell those who wanted a drain that it brought all there was."""
    for key in wished:
        decide_item(turn, key, Fulfilled(), rules_of)


def _not_fulfilled(
    turn: Turn, collector: Collector, intent: Intent | None, rules_of: RulesOf, unanswered: Unanswered
) -> None:
    """Tell those who wanted the drain; whose time is over wants it no more."""
    for wished in collector.failed(intent, turn.monotonic, unanswered):
        decide_item(turn, wished, unanswered, rules_of)
        state = turn.state(wished)
        if state is None or not (state.once or awaits_outcome(state)):
            collector.wishes.pop(wished, None)


def _want_the_rest(turn: Turn, account: str, intent: Intent, rules_of: RulesOf) -> None:
    """Drain on after a full page, also after a crash: what is unread is kept by the provider for a while only."""
    if intent.filter != WHATEVER_IS_UNREAD:
        return  # whoever wanted it still does
    rest = Request(
        kind=RequestKind.FETCH,
        account=account,
        received_at=intent.intended_at,
        anchor_at=intent.intended_at,
        expires_at=turn.now + KEPT_UNREAD,
        limit=intent.limit,
        follow=False,
    )
    decide_item(turn, unread_key(account, None), Requested(request=rest), rules_of)


def intend(turn: Turn) -> None:
    """Begin the drains that are wanted now and may start: their intents are committed with the turn."""
    for name, collector in turn.slot.collectors.items():
        key = account_key(name)
        state = _account(turn, key)
        wish = collector.wanted(state, turn.monotonic)
        if wish is None:
            continue
        after = intended(state, wish, drain_id=str(uuid.uuid4()), limit=collector.limit(wish), now=turn.now)
        turn.accounts[key] = after
        assert after.intent is not None
        turn.intents.append((collector, after.intent))


def _account(turn: Turn, key: bytes) -> AccountState:
    return turn.accounts[key] if key in turn.accounts else turn.slot.account(account_of(key))


def _is_of(intent: Intent | None, drain_id: str) -> bool:
    return intent is not None and intent.drain_id == drain_id


def _is_full(answer: Answer, intent: Intent) -> bool:
    return isinstance(answer.item, Read) and answer.item.drained.count >= intent.limit
