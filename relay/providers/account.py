"""The settings that every account has, whatever its provider."""

import ssl
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from relay.setting_types import BaseUrl, ReadableFile, Section, refused

LONGEST_SECONDS = 31_536_000.0  # a year; more is a slip, and would leave the calendar


class Polling(Section):
    """When the provider is asked again."""

    expire_after_seconds: float = Field(
        default=172_800,
        gt=0,
        le=LONGEST_SECONDS,
        description="seconds after which a message without a report is given up, such as 172800",
    )


def _check_authorities(path: Path) -> Path:
    try:
        context = ssl.create_default_context(cafile=path)
    except (OSError, ValueError):
        context = None
    if context is None or not context.get_ca_certs():
        raise refused("holds no certificate that can be used")
    return path


class Account(Section):
    """One set of credentials at one provider; each provider's settings extend it, so that all share one flat table."""

    provider: str = Field(description="the name of the provider, such as hyber")
    base_url: BaseUrl = Field(
        description="the address of the provider's API, such as https://dr-v2-site.hyber.im or https://xxxxx.api.infobip.com"
    )
    rate_per_second: float = Field(default=200, gt=0, description="requests per second, such as 200")
    timeout_seconds: float = Field(default=10, gt=0, le=300, description="seconds for one whole request, such as 10")
    ssl_cafile: Annotated[ReadableFile, AfterValidator(_check_authorities)] | None = Field(
        default=None, description="the path of a PEM file with authorities to trust besides those of the system"
    )
    polling: Polling = Field(default_factory=Polling, description="a table that says when to ask")
