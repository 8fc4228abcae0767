"""The settings of an Infobip voice account."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from relay.providers.account import LONGEST_SECONDS, Account, Polling
from relay.setting_types import SecretFromFile, one_secret, refused, required_secret

_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+/?")
_KEY_BASED = ("app", "bearer")


def _check_path(path: str) -> str:
    if not path.startswith("/"):
        raise refused('must start with "/"')
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise refused("may contain plain path segments only")
    return path.rstrip("/")


def _check_path_or_off(path: str) -> str:
    return _check_path(path) if path else path


class InfobipVoicePolling(Polling):
    """When unread reports are collected."""

    drain_seconds: float = Field(
        default=10,
        gt=0,
        le=LONGEST_SECONDS,
        description="seconds between two collections of unread reports while messages are pending, such as 10",
    )


class InfobipVoiceAccount(Account):
    """An account at Infobip whose voice reports are collected."""

    provider: Literal["infobip_voice"] = Field(description="infobip_voice")
    path: Annotated[str, AfterValidator(_check_path)] = Field(
        default="/tts/3/reports", description="the path of the reports, /tts/3/reports or /voice/1/reports"
    )
    logs_path: Annotated[str, AfterValidator(_check_path_or_off)] = Field(
        default="/tts/3/logs",
        description='the path of the log that can be read again, such as /tts/3/logs, or "" for none',
    )
    auth: Literal["basic", "app", "bearer"] = Field(
        default="basic", description="basic (username, password), app (api_key) or bearer (api_key)"
    )
    username: str = Field(default="", description="the login that Infobip gave; needed with auth basic")
    password_file: SecretFromFile | None = Field(default=None, description="the path of a file that holds the password")
    password: SecretStr = Field(
        default=SecretStr(""), description="the password that Infobip gave; needed with auth basic"
    )
    api_key_file: SecretFromFile | None = Field(default=None, description="the path of a file that holds the API key")
    api_key: SecretStr = Field(
        default=SecretStr(""), description="the API key, or the OAuth token; needed with auth app and bearer"
    )
    accept: Literal["json", "xml"] = Field(default="json", description="the form of the answers, json or xml")
    limit: int = Field(default=500, ge=1, le=1000, description="reports in one answer, 1 to 1000, such as 500")
    polling: InfobipVoicePolling = Field(
        default_factory=InfobipVoicePolling, description="a table that says when to ask"
    )

    @field_validator("username")
    @classmethod
    def _needed_for_basic(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("auth") == "basic" and not value:
            raise refused('is missing or empty, and auth is "basic"', "set username, or choose another auth")
        if ":" in value:  # RFC 7617: what follows the first colon would be read as the password
            raise refused("must not contain a colon")
        return value

    @field_validator("password", mode="before")
    @classmethod
    def _password(cls, value: object, info: ValidationInfo) -> object:
        return required_secret(value, info) if info.data.get("auth") == "basic" else one_secret(value, info)

    @field_validator("api_key", mode="before")
    @classmethod
    def _api_key(cls, value: object, info: ValidationInfo) -> object:
        return required_secret(value, info) if info.data.get("auth") in _KEY_BASED else one_secret(value, info)

    @field_validator("api_key")
    @classmethod
    def _fits_a_header(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value()
        if not (key.isascii() and (key.isprintable())):
            raise refused("must be printable ASCII text, for it travels in a header")
        return value
