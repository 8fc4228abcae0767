"""Instants as they are published and stored: of whole milliseconds."""

from datetime import datetime


def to_milliseconds(instant: datetime) -> datetime:
    """Cut off what is finer than a millisecond."""
    finer = instant.microsecond % 1000
    return instant.replace(microsecond=instant.microsecond - finer) if finer else instant
