"""Infobip voice: unread reports are handed out a page at a time and once only; a log of 48 hours can be read again."""

from relay.providers.infobip_voice.errors import error_in
from relay.providers.infobip_voice.inputs import INPUT_RULES
from relay.providers.infobip_voice.interpret import read_page
from relay.providers.infobip_voice.request import credentials, drain_request, log_request, probe
from relay.providers.infobip_voice.schedule import collecting, grace_seconds, schedule
from relay.providers.infobip_voice.settings import InfobipVoiceAccount

__all__ = [
    "INPUT_RULES",
    "InfobipVoiceAccount",
    "collecting",
    "credentials",
    "drain_request",
    "error_in",
    "grace_seconds",
    "log_request",
    "probe",
    "read_page",
    "schedule",
]
