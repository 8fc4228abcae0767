"""The settings of a Hyber account."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from relay.providers.account import LONGEST_SECONDS, Account, Polling
from relay.setting_types import Integers, SecretFromFile, Section, refused, required_secret

LEAST_GROWTH = 1.01  # less would take thousands of intervals to reach the longest
_PATH = re.compile(r"(/([A-Za-z0-9._~-]|\{client_id\})*)+")


def _check_path(path: str) -> str:
    if not path.startswith("/"):
        raise refused('must start with "/"')
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise refused("may contain plain path segments and {client_id} only")
    return path.rstrip("/")


class HyberPolling(Polling):
    """When Hyber is asked again: at growing intervals from the moment of sending."""

    initial_seconds: float = Field(
        default=5, gt=0, le=LONGEST_SECONDS, description="seconds from sending to the first lookup, such as 5"
    )
    factor: float = Field(default=1.6, ge=1, description="1, or from 1.01: how each interval grows, such as 1.6")
    max_seconds: float = Field(
        default=900, gt=0, le=LONGEST_SECONDS, description="the longest interval in seconds, such as 900"
    )
    seen_watch_seconds: float = Field(
        default=86_400,
        ge=0,
        le=LONGEST_SECONDS,
        description="seconds to wait for seen after delivered, such as 86400, or 0 for not at all",
    )

    @field_validator("factor")
    @classmethod
    def _grows_or_not(cls, value: float) -> float:
        if 1 < value < LEAST_GROWTH:
            raise refused(f"must be 1, or at least {LEAST_GROWTH}")
        return value

    @field_validator("max_seconds")
    @classmethod
    def _not_below_initial(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("initial_seconds", 0):
            raise refused("must not be less than initial_seconds")
        return value


class HyberCodes(Section):
    """Codes whose meaning Hyber doesn't publish and tells its customers."""

    seen_substatus: Integers = Field(
        default=(24,), description="the list of substatus numbers that, with status 2, mean seen, such as [24]"
    )


class HyberAccount(Account):
    """An account at Hyber."""

    provider: Literal["hyber"] = Field(description="hyber")
    client_id: str = Field(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$", description="the client id that Hyber gave, such as 1021, in quotes"
    )
    path: Annotated[str, AfterValidator(_check_path)] = Field(
        default="/{client_id}/api/dr", description="the path of the report API, such as /{client_id}/api/dr"
    )
    username: str = Field(min_length=1, description="the login that Hyber gave")
    password_file: SecretFromFile | None = Field(default=None, description="the path of a file that holds the password")
    password: SecretStr = Field(default=SecretStr(""), description="the password that Hyber gave")
    concurrency: int = Field(default=100, ge=1, le=10_000, description="requests in flight, such as 100")
    polling: HyberPolling = Field(default_factory=HyberPolling, description="a table that says when to ask")
    codes: HyberCodes = Field(default_factory=HyberCodes, description="a table of codes")

    _password = field_validator("password", mode="before")(required_secret)
