"""Infobip's groups, statuses and voice errors as tables. Provenance and confidence: README.md in this folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto

from relay.core.model import Category, Outcome
from relay.providers.infobip_voice.general_errors import GENERAL_ERRORS


class CallOutcome(StrEnum):
    """What became of a call."""

    ANSWERED = "answered"
    MACHINE = "machine"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    CANCELED = "canceled"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Group(StrEnum):
    """Infobip's status groups, by the names that Infobip gives them."""

    ACCEPTED = auto()
    PENDING = auto()
    UNDELIVERABLE = auto()
    DELIVERED = auto()
    EXPIRED = auto()
    REJECTED = auto()


@dataclass(frozen=True, slots=True)
class GroupRow:
    """What a group means, and the reason where nothing more exact is known."""

    outcome: Outcome
    category: Category | None = None


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A status. `category` and `call` only where it names them itself; `pending`: whatever its group says."""

    group: Group
    id: int
    name: str
    category: Category | None = None
    call: CallOutcome | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """An error: no category where it is none; `call` where the category doesn't tell it."""

    id: int
    name: str
    category: Category | None = None
    call: CallOutcome | None = None


GROUPS: Mapping[Group, GroupRow] = {
    Group.ACCEPTED: GroupRow(Outcome.PENDING),
    Group.PENDING: GroupRow(Outcome.PENDING),
    Group.UNDELIVERABLE: GroupRow(Outcome.FAILED, Category.UNDELIVERABLE),
    Group.DELIVERED: GroupRow(Outcome.DELIVERED),
    Group.EXPIRED: GroupRow(Outcome.FAILED, Category.EXPIRED),
    Group.REJECTED: GroupRow(Outcome.FAILED, Category.REJECTED),
}
GROUP_IDS: Mapping[int | None, Group] = {
    1: Group.PENDING,
    2: Group.UNDELIVERABLE,
    3: Group.DELIVERED,
    4: Group.EXPIRED,
    5: Group.REJECTED,
}

_STATUSES = (
    StatusRow(Group.PENDING, 3, "PENDING_WAITING_DELIVERY"),
    StatusRow(Group.PENDING, 7, "PENDING_ENROUTE"),
    StatusRow(Group.PENDING, 26, "PENDING_ACCEPTED"),
    StatusRow(Group.UNDELIVERABLE, 4, "UNDELIVERABLE_REJECTED_OPERATOR", Category.REJECTED),
    StatusRow(Group.UNDELIVERABLE, 9, "UNDELIVERABLE_NOT_DELIVERED"),
    StatusRow(Group.UNDELIVERABLE, 31, "UNDELIVERABLE_NOT_SENT"),
    StatusRow(Group.UNDELIVERABLE, 96, "NO_ANSWER", Category.NO_ANSWER),
    StatusRow(Group.UNDELIVERABLE, 97, "BUSY", Category.BUSY),
    StatusRow(Group.UNDELIVERABLE, 98, "CANCELLED", call=CallOutcome.CANCELED),
    StatusRow(Group.DELIVERED, 2, "DELIVERED_TO_OPERATOR", pending=True),
    StatusRow(Group.DELIVERED, 5, "DELIVERED_TO_HANDSET"),
    StatusRow(Group.EXPIRED, 15, "EXPIRED_EXPIRED"),
    StatusRow(Group.EXPIRED, 29, "EXPIRED_DLR_UNKNOWN"),
    StatusRow(Group.EXPIRED, 87, "SIGNALS_BLOCKED", Category.BLOCKED),  # of the group REJECTED, too
    StatusRow(Group.REJECTED, 6, "REJECTED_NETWORK", Category.REJECTED),
    StatusRow(Group.REJECTED, 8, "REJECTED_PREFIX_MISSING", Category.INVALID_RECIPIENT),
    StatusRow(Group.REJECTED, 10, "REJECTED_DND", Category.BLOCKED),
    StatusRow(Group.REJECTED, 11, "REJECTED_SOURCE", Category.REJECTED),
    StatusRow(Group.REJECTED, 12, "REJECTED_NOT_ENOUGH_CREDITS", Category.INSUFFICIENT_FUNDS),
    StatusRow(Group.REJECTED, 13, "REJECTED_SENDER", Category.BLOCKED),
    StatusRow(Group.REJECTED, 14, "REJECTED_DESTINATION_BLOCKLISTED", Category.BLOCKED),
    StatusRow(Group.REJECTED, 17, "REJECTED_PREPAID_PACKAGE_EXPIRED", Category.INSUFFICIENT_FUNDS),
    StatusRow(Group.REJECTED, 18, "REJECTED_DESTINATION_NOT_REGISTERED", Category.REJECTED),
    StatusRow(Group.REJECTED, 19, "REJECTED_ROUTE_NOT_AVAILABLE", Category.REJECTED),
    StatusRow(Group.REJECTED, 20, "REJECTED_FLOODING_FILTER", Category.BLOCKED),
    StatusRow(Group.REJECTED, 21, "REJECTED_SYSTEM_ERROR", Category.PROVIDER_ERROR),
    StatusRow(Group.REJECTED, 23, "REJECTED_DUPLICATE_MESSAGE_ID", Category.REJECTED),
    StatusRow(Group.REJECTED, 24, "REJECTED_INVALID_UDH", Category.REJECTED),
    StatusRow(Group.REJECTED, 25, "REJECTED_MESSAGE_TOO_LONG", Category.REJECTED),
    StatusRow(Group.REJECTED, 51, "MISSING_TO", Category.INVALID_RECIPIENT),
    StatusRow(Group.REJECTED, 52, "REJECTED_DESTINATION", Category.INVALID_RECIPIENT),
    StatusRow(Group.REJECTED, 53, "REJECTED_INVALID_AUDIO_FILE_URL", Category.REJECTED),
    StatusRow(Group.REJECTED, 54, "REJECTED_UNSUPPORTED_LANGUAGE", Category.REJECTED),
    StatusRow(Group.REJECTED, 55, "REJECTED_MESSAGE_IS_EMPTY", Category.REJECTED),
    StatusRow(Group.REJECTED, 56, "REJECTED_INVALID_NOTIFY_URL", Category.REJECTED),
    StatusRow(Group.REJECTED, 57, "REJECTED_INVALID_NOTIFY_CONTENT_TYPE", Category.REJECTED),
    StatusRow(Group.REJECTED, 58, "REJECTED_INVALID_DTMF_SIGN", Category.REJECTED),
    StatusRow(Group.REJECTED, 59, "REJECTED_INVALID_DTMF_TIMEOUT", Category.REJECTED),
    StatusRow(Group.REJECTED, 60, "REJECTED_INVALID_RING_TIMEOUT", Category.REJECTED),
    StatusRow(Group.REJECTED, 61, "REJECTED_INVALID_CALL_TIMEOUT", Category.REJECTED),
    StatusRow(Group.REJECTED, 62, "REJECTED_INVALID_MACHINE_DETECTION", Category.REJECTED),
    StatusRow(Group.REJECTED, 63, "REJECTED_INVALID_ACTIONS", Category.REJECTED),
    StatusRow(Group.REJECTED, 64, "REJECTED_INVALID_ACTION_GROUPS", Category.REJECTED),
    StatusRow(Group.REJECTED, 77, "REJECTED_MESSAGE_TEXT_TOO_LONG", Category.REJECTED),
    StatusRow(Group.REJECTED, 83, "REJECTED_MACHINE_DETECTION_DISABLED", Category.REJECTED),
    StatusRow(Group.REJECTED, 87, "REJECTED_INVALID_DELIVERY_TIME_WINDOW", Category.REJECTED),
    StatusRow(Group.REJECTED, 91, "REJECTED_INVALID_SSML", Category.REJECTED),
    StatusRow(Group.REJECTED, 99, "REJECTED", Category.DECLINED),
    StatusRow(Group.REJECTED, 100, "UNDELIVERABLE_REJECTED_PLATFORM"),
)
SHARED_ID = 87  # three meanings, so only the name tells
STATUSES: Mapping[str, StatusRow] = {row.name: row for row in _STATUSES}
STATUS_IDS: Mapping[int | None, StatusRow] = {row.id: row for row in _STATUSES if row.id != SHARED_ID}

NO_ERROR = ErrorRow(0, "NO_ERROR")
_ERRORS = (
    NO_ERROR,
    ErrorRow(5000, "VOICE_ANSWERED", call=CallOutcome.ANSWERED),
    ErrorRow(5001, "VOICE_ANSWERED_MACHINE", call=CallOutcome.MACHINE),
    ErrorRow(5002, "EC_VOICE_USER_BUSY", Category.BUSY),
    ErrorRow(5003, "EC_VOICE_NO_ANSWER", Category.NO_ANSWER),
    ErrorRow(5004, "EC_VOICE_ERROR_DOWNLOADING_FILE", Category.REJECTED),
    ErrorRow(5005, "EC_VOICE_ERROR_UNSUPPORTED_AUDIO_FORMAT", Category.REJECTED),
    ErrorRow(5400, "EC_VOICE_ERROR_BAD_REQUEST", Category.REJECTED),
    ErrorRow(5403, "EC_VOICE_ERROR_FORBIDDEN", Category.REJECTED),
    ErrorRow(5404, "EC_VOICE_ERROR_DESTINATION_NOT_FOUND", Category.INVALID_RECIPIENT),
    ErrorRow(5407, "EC_VOICE_ERROR_PROXY_AUTHENTICATION_REQUIRED", Category.PROVIDER_ERROR),
    ErrorRow(5408, "EC_VOICE_ERROR_REQUEST_TIMEOUT", Category.UNAVAILABLE),
    ErrorRow(5410, "EC_VOICE_ERROR_GONE", Category.UNAVAILABLE),
    ErrorRow(5413, "EC_VOICE_ERROR_REQUEST_ENTITY_TOO_LARGE", Category.PROVIDER_ERROR),
    ErrorRow(5414, "EC_VOICE_ERROR_REQUEST_URI_TOO_LONG", Category.INVALID_RECIPIENT),
    ErrorRow(5415, "EC_VOICE_UNSUPPORTED_MEDIA_TYPE", Category.PROVIDER_ERROR),
    ErrorRow(5480, "EC_VOICE_ERROR_TEMPORARILY_NOT_AVAILABLE", Category.UNAVAILABLE),
    ErrorRow(5481, "EC_VOICE_ERROR_CALL_DOES_NOT_EXIST", Category.PROVIDER_ERROR),
    ErrorRow(5484, "EC_VOICE_ERROR_ADDRESS_INCOMPLETE", Category.INVALID_RECIPIENT),
    ErrorRow(5487, "EC_VOICE_ERROR_REQUEST_TERMINATED", Category.UNDELIVERABLE, CallOutcome.CANCELED),
    ErrorRow(5488, "EC_VOICE_ERROR_NOT_ACCEPTABLE_HERE", Category.REJECTED),
    ErrorRow(5491, "EC_VOICE_ERROR_REQUEST_PENDING", Category.PROVIDER_ERROR),
    ErrorRow(5492, "EC_DUPLICATE_MESSAGE", Category.REJECTED),
    ErrorRow(5500, "", Category.PROVIDER_ERROR),  # its name is not public
    ErrorRow(5501, "EC_NOT_IMPLEMENTED", Category.PROVIDER_ERROR),
    ErrorRow(5503, "EC_SERVICE_UNAVAILABLE", Category.PROVIDER_ERROR),
    ErrorRow(5504, "", Category.PROVIDER_ERROR),  # its name is not public
    ErrorRow(5603, "EC_DECLINE", Category.DECLINED),
    ErrorRow(10000, "NORMAL_HANGUP", call=CallOutcome.ANSWERED),
    ErrorRow(10001, "ANSWERED_ELSEWHERE", call=CallOutcome.ANSWERED),
    ErrorRow(10002, "MACHINE_DETECTED", call=CallOutcome.MACHINE),
    ErrorRow(10003, "HUMAN_DETECTED", call=CallOutcome.ANSWERED),
    ErrorRow(10004, "MAX_DURATION_REACHED", call=CallOutcome.ANSWERED),
    ErrorRow(10100, "DEVICE_FORBIDDEN", Category.REJECTED),
    ErrorRow(10101, "DEVICE_NOT_FOUND", Category.UNAVAILABLE),
    ErrorRow(10102, "DEVICE_UNAVAILABLE", Category.UNAVAILABLE),
    ErrorRow(10103, "MEDIA_ERROR", Category.PROVIDER_ERROR),
    ErrorRow(10200, "NO_ANSWER", Category.NO_ANSWER),
    ErrorRow(10201, "BUSY", Category.BUSY),
    ErrorRow(10202, "CANCELLED", Category.UNDELIVERABLE, CallOutcome.CANCELED),
    ErrorRow(10203, "REJECTED", Category.DECLINED),
    ErrorRow(10204, "TEMPORARILY_UNAVAILABLE", Category.UNAVAILABLE),
    ErrorRow(10300, "FORBIDDEN", Category.REJECTED),
    ErrorRow(10301, "INSUFFICIENT_FUNDS", Category.INSUFFICIENT_FUNDS),
    ErrorRow(10302, "UNAUTHENTICATED", Category.PROVIDER_ERROR),
    ErrorRow(10303, "DESTINATION_NOT_FOUND", Category.INVALID_RECIPIENT),
    ErrorRow(10304, "DESTINATION_UNAVAILABLE", Category.UNAVAILABLE),
    ErrorRow(10305, "INVALID_DESTINATION", Category.INVALID_RECIPIENT),
    ErrorRow(10306, "INVALID_REQUEST", Category.REJECTED),
    ErrorRow(10307, "REQUEST_TIMEOUT", Category.UNAVAILABLE),
    ErrorRow(10308, "NETWORK_ERROR", Category.PROVIDER_ERROR),
    ErrorRow(10309, "SERVICE_UNAVAILABLE", Category.PROVIDER_ERROR),
    ErrorRow(10310, "UNKNOWN", Category.UNKNOWN),
    ErrorRow(10311, "FEATURE_UNAVAILABLE", Category.PROVIDER_ERROR),
    ErrorRow(10312, "CONGESTION", Category.PROVIDER_ERROR),
    ErrorRow(10313, "UNAUTHORIZED", Category.REJECTED),
    ErrorRow(10400, "URL_NOT_FOUND", Category.REJECTED),
    ErrorRow(10401, "URL_UNREACHABLE", Category.REJECTED),
    ErrorRow(10402, "INVALID_RESPONSE", Category.REJECTED),
)
ERRORS: Mapping[str, ErrorRow] = {row.name: row for row in _ERRORS if row.name}
ERROR_IDS: Mapping[int | None, ErrorRow] = {
    **{id_: ErrorRow(id_, "", category) for category, ids in GENERAL_ERRORS.items() for id_ in ids},
    **{row.id: row for row in _ERRORS},
}
