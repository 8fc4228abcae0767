"""Invents realistic voice calls: how they end, and after how many seconds of ringing and talking.

Gives the same endings for the same random state. Never reads a clock.
"""

from dataclasses import replace
from random import Random
from typing import Final

from relay.simulator.infobip_calls import CallEnd, Ending, VoiceCall
from relay.simulator.infobip_endings import Family, ended

_WEIGHTS: Final[dict[CallEnd | None, int]] = {
    CallEnd.ANSWERED: 52,
    CallEnd.MACHINE: 13,
    CallEnd.NO_ANSWER: 16,
    CallEnd.BUSY: 6,
    CallEnd.DECLINED: 5,
    CallEnd.UNAVAILABLE: 4,
    CallEnd.CANCELED: 1,
    CallEnd.REJECTED: 2,
    None: 1,  # never reported
}
_FAMILIES: Final[tuple[Family, ...]] = ("5xxx", "5xxx", "10xxx")
_DEFAULT_MCC_MNC: Final = VoiceCall(message_id="-").mcc_mnc
_SHARE_WITH_CALLBACK_DATA: Final = 0.3
_SHARE_WITH_KEY_PRESSES: Final = 0.2
_SHARE_WITHOUT_MCC_MNC: Final = 0.1


def with_life(random: Random, call: VoiceCall) -> VoiceCall:
    """Invent the endings of a call, and what else of its reports varies where its sender left the default."""
    end = call.end or random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    unanswered = end not in (CallEnd.ANSWERED, CallEnd.MACHINE)
    mcc_mnc = "0" if unanswered else None if random.random() < _SHARE_WITHOUT_MCC_MNC else call.mcc_mnc
    callback_data = "null" if random.random() < _SHARE_WITH_CALLBACK_DATA else call.callback_data
    return replace(
        call,
        mcc_mnc=mcc_mnc if call.mcc_mnc == _DEFAULT_MCC_MNC else call.mcc_mnc,
        callback_data=callback_data if call.callback_data is None else call.callback_data,
        endings=() if end is None else (_ending(random, end),),
    )


def _ending(random: Random, end: CallEnd) -> Ending:
    family = random.choice(_FAMILIES)
    match end:
        case CallEnd.ANSWERED | CallEnd.MACHINE:
            talk_seconds = 1 + int(random.lognormvariate(0, 0.6) * 12)
            pressed = str(random.randrange(10)) if random.random() < _SHARE_WITH_KEY_PRESSES else ""
            after_seconds = random.uniform(3, 15) + talk_seconds
            return ended(after_seconds, end, duration_seconds=talk_seconds, dtmf=pressed, family=family)
        case CallEnd.NO_ANSWER:
            return ended(random.uniform(25, 45), end, family=family)
        case _:
            return ended(random.uniform(0.5, 12), end, family=family)
