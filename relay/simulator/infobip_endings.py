"""Makes endings in Infobip's codes, of the older 5xxx family of errors or of the 10xxx one.

Names, misspelt ones too, and groups are those of production reports; without one, of Infobip's list of codes.
"""

from collections.abc import Mapping
from typing import Final, Literal

from relay.simulator.infobip_calls import CallEnd, Ending, Error, Status

Family = Literal["5xxx", "10xxx"]

ENROUTE: Final = Status(
    group_id=1, group_name="PENDING", id=7, name="PENDING_ENROUTE", description="Message sent to next instance"
)
NO_ERROR: Final = Error(group_id=0, group_name="OK", id=0, name="NO_ERROR", description="No Error", permanent=False)

_HANDSET: Final = Status(
    group_id=3,
    group_name="DELIVERED",
    id=5,
    name="DELIVERED_TO_HANDSET",
    description="Message delivered to handset",
)
_EXPIRED: Final = Status(group_id=4, group_name="EXPIRED", id=15, name="EXPIRED_EXPIRED", description="Message expired")
_NETWORK: Final = Status(
    group_id=5, group_name="REJECTED", id=6, name="REJECTED_NETWORK", description="Network is forbidden"
)
_REFUSED: Final = Status(group_id=5, group_name="REJECTED", id=99, name="REJECTED", description="Call declined")


def _undeliverable(status_id: int, name: str) -> Status:
    return Status(group_id=2, group_name="UNDELIVERABLE", id=status_id, name=name, description=name.capitalize())


_GROUPS: Final = {0: "OK", 1: "HANDSET_ERRORS", 2: "USER_ERRORS", 3: "OPERATOR_ERRORS"}


def _error(group_id: int, error_id: int, name: str, description: str, *, permanent: bool = True) -> Error:
    return Error(
        group_id=group_id,
        group_name=_GROUPS[group_id],
        id=error_id,
        name=name,
        description=description,
        permanent=permanent,
    )


_CODES: Final[Mapping[Family, Mapping[CallEnd, tuple[Status, Error]]]] = {
    "5xxx": {
        CallEnd.ANSWERED: (_HANDSET, _error(0, 5000, "VOICE_ANSWERED", "Call answered by human")),
        CallEnd.MACHINE: (_HANDSET, _error(0, 5001, "VOICE_ANSWERED_MACHINE", "Call answered by machine")),
        CallEnd.NO_ANSWER: (_EXPIRED, _error(2, 5003, "EC_VOICE_NO_ANSWER", "User was notified, but did not answer")),
        CallEnd.BUSY: (_EXPIRED, _error(3, 5002, "EC_VOICE_USER_BUSY", "User was busy")),
        CallEnd.DECLINED: (_EXPIRED, _error(3, 5603, "EC_DECLINE", "Call was declined", permanent=False)),
        CallEnd.UNAVAILABLE: (
            _EXPIRED,
            _error(3, 5480, "EC_VOICE_ERROR_TEMPORARILY_NOT_AVAILABE", "User is not available", permanent=False),
        ),
        CallEnd.CANCELED: (
            _EXPIRED,
            _error(3, 5487, "EC_VOICE_ERROR_REQUEST_TERMINATED", "Call was canceled", permanent=False),
        ),
        CallEnd.REJECTED: (_NETWORK, _error(3, 5403, "EC_VOICE_ERROR_FORBIDDEN", "Call was refused", permanent=False)),
    },
    "10xxx": {
        CallEnd.ANSWERED: (_HANDSET, _error(0, 10000, "NORMAL_HANGUP", "Call ended normally")),
        CallEnd.MACHINE: (_HANDSET, _error(0, 10002, "MACHINE_DETECTED", "Call answered by machine")),
        CallEnd.NO_ANSWER: (_undeliverable(96, "NO_ANSWER"), _error(2, 10200, "NO_ANSWER", "Call was not answered")),
        CallEnd.BUSY: (_undeliverable(97, "BUSY"), _error(2, 10201, "BUSY", "User was busy")),
        CallEnd.DECLINED: (_REFUSED, _error(2, 10203, "REJECTED", "Call was declined")),
        CallEnd.UNAVAILABLE: (
            _undeliverable(9, "UNDELIVERABLE_NOT_DELIVERED"),
            _error(2, 10204, "TEMPORARILY_UNAVAILABLE", "User is not available"),
        ),
        CallEnd.CANCELED: (_undeliverable(98, "CANCELLED"), _error(2, 10202, "CANCELLED", "Call was canceled")),
        CallEnd.REJECTED: (_NETWORK, _error(3, 10300, "FORBIDDEN", "Call was refused")),
    },
}
_ANSWERED_BY: Final[Mapping[CallEnd, Literal["HUMAN", "MACHINE"]]] = {
    CallEnd.ANSWERED: "HUMAN",
    CallEnd.MACHINE: "MACHINE",
}


def ended(
    after_seconds: float,
    end: CallEnd,
    *,
    duration_seconds: int | None = None,
    dtmf: str | None = None,
    family: Family = "5xxx",
) -> Ending:
    """End a call; one that was answered lasts 10 seconds and has empty key presses unless told otherwise."""
    status, error = _CODES[family][end]
    answered_by = _ANSWERED_BY.get(end)
    return Ending(
        after_seconds=after_seconds,
        status=status,
        error=error,
        answered_by=answered_by,
        duration_seconds=duration_seconds or (10 if answered_by else 0),
        dtmf="" if answered_by and dtmf is None else dtmf,
    )
