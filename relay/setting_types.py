"""The kinds of value that settings are made of: sections, secrets, files, addresses.

Reads the files that hold secrets; never puts a value into an error.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

REFUSED = "refused"


def refused(problem: str, fix: str = "") -> PydanticCustomError:
    """Say what is wrong with a key and what to do, one clause each; by default to set what the key describes."""
    return PydanticCustomError(REFUSED, "{problem}", {"problem": problem, "fix": fix})


class Section(BaseModel):
    """One table of the configuration: frozen, complete, and closed to keys it does not declare."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,  # a table's validator is part of its table's, and is not built twice
        hide_input_in_errors=True,
        allow_inf_nan=False,
        validate_default=True,  # the rules between keys also hold where one of them was left out
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_bool_as_number(cls, value: object, info: ValidationInfo) -> object:
        annotation = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and annotation in {int, float}:
            raise refused("must be a number")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFile:
    """A file that held a secret when the settings were loaded."""

    path: Path
    secret: SecretStr


def _read_secret(value: object) -> SecretFile | None:
    if value is None or isinstance(value, SecretFile):
        return value
    if not isinstance(value, str) or not value:
        raise refused("must be the path of a file, in quotes")
    content = _read_text(Path(value)).removesuffix("\n").removesuffix("\r")
    if not content:
        raise refused("names an empty file", "write the secret into it")
    return SecretFile(path=Path(value), secret=SecretStr(content))


def _read_text(path: Path) -> str:
    # The decoding error holds the bytes of the secret: it is left behind before another is raised.
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        problem = "names a file that is not UTF-8 text"
    except (OSError, ValueError) as error:
        problem = _unreadable(error)
    raise refused(problem, "give the path of a file that the relay may read, with the secret in it")


def _unreadable(error: OSError | ValueError) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return f"names a file that can't be read ({(reason or 'not a valid path').lower()})"


def _check_readable(path: Path) -> Path:
    try:
        path.open("rb").close()
    except (OSError, ValueError) as error:
        raise refused(_unreadable(error), "give the path of a PEM file that the relay may read") from None
    return path


def one_secret(value: object, info: ValidationInfo) -> object:
    """Choose between a secret key and its `_file` sibling, which must be declared before it.

    Raises:
        PydanticCustomError: both are given.

    """
    key = info.field_name or ""
    if isinstance(value, str) and not _is_utf8(value):
        raise refused("must be valid UTF-8 text")
    if f"{key}_file" not in info.data:
        return SecretStr("unread")  # the file's own mistake is reported; a second one would mislead
    file: SecretFile | None = info.data[f"{key}_file"]
    if file is None:
        return value
    if _is_given(value):
        raise refused(f"is set together with {key}_file", "keep one of the two")
    return file.secret


def _is_utf8(text: str) -> bool:
    """Tell whether text can be sent; variables may hold bytes that can't, as lone surrogates."""
    return text == text.encode(errors="ignore").decode()


def _is_given(secret: object) -> bool:
    return secret not in {None, "", SecretStr("")} if isinstance(secret, str | SecretStr | None) else True


def required_secret(value: object, info: ValidationInfo) -> object:
    """Choose as `one_secret` does.

    Raises:
        PydanticCustomError: both are given, or neither.

    """
    secret = one_secret(value, info)
    if not _is_given(secret):
        key = info.field_name
        raise refused("is missing or empty", f"set {key}, or {key}_file with the path of a file that holds it")
    return secret


def _list_of_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise refused("must be a list") from None


def _check_base_url(value: str) -> str:
    if not value.isprintable() or " " in value:
        raise refused("must not contain spaces or control characters")
    try:
        parts = urlsplit(value)
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:
        raise refused("must be a URL with a valid host and port") from None
    if problem := _url_problem(value, parts):
        raise refused(problem)
    return parts.geturl().rstrip("/")


def _url_problem(value: str, parts: SplitResult) -> str | None:
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must start with https:// or http:// and name a host"
    if not parts.netloc.isascii():
        return "must name its host in ASCII, an international one in its xn-- form"
    if "@" in parts.netloc:
        return "must not contain credentials"
    if "?" in value or "#" in value:
        return "must not have a query or a fragment"
    return None


SecretFromFile = Annotated[SecretFile, BeforeValidator(_read_secret), PlainSerializer(lambda file: str(file.path))]
ReadableFile = Annotated[Path, AfterValidator(_check_readable)]
BaseUrl = Annotated[str, AfterValidator(_check_base_url)]
# A list, or its JSON text: an environment variable holds only text.
Integers = Annotated[tuple[int, ...], BeforeValidator(_list_of_text)]
