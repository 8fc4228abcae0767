"""Hyber, the messaging platform of GMS: reports are asked for message by message and can be read again."""

from relay.providers.hyber.inputs import INPUT_RULES
from relay.providers.hyber.interpret import interpret
from relay.providers.hyber.mapping import SEEN_CHANNELS
from relay.providers.hyber.request import credentials, probe, to_request
from relay.providers.hyber.schedule import concurrency, grace_seconds, schedule
from relay.providers.hyber.settings import HyberAccount

__all__ = [
    "INPUT_RULES",
    "SEEN_CHANNELS",
    "HyberAccount",
    "concurrency",
    "credentials",
    "grace_seconds",
    "interpret",
    "probe",
    "schedule",
    "to_request",
]
