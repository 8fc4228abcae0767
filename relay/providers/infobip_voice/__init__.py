"""Infobip voice: unread reports are handed out a page at a time and once only; a log of 48 hours can be read again."""

from relay.providers.infobip_voice.errors import error_in
from relay.providers.infobip_voice.inputs import INPUT_RULES
from relay.providers.infobip_voice.interpret import Page, UnreadableReport, read_page
from relay.providers.infobip_voice.request import credentials, logs_request, probe, to_request
from relay.providers.infobip_voice.settings import InfobipVoiceAccount

__all__ = [
    "INPUT_RULES",
    "InfobipVoiceAccount",
    "Page",
    "UnreadableReport",
    "credentials",
    "error_in",
    "logs_request",
    "probe",
    "read_page",
    "to_request",
]
