"""The settings of the connection to Kafka."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from relay.setting_types import ReadableFile, SecretFromFile, Section, one_secret, refused

_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")
_MAX_PORT = 65_535


def _check_servers(value: str) -> str:
    servers = [server.strip() for server in value.split(",")]
    for server in servers:
        match = _SERVER.fullmatch(server)
        if match is None or not 0 < int(match[2]) <= _MAX_PORT:
            raise refused("must be host:port, or several with commas between")
    return ",".join(servers)


class KafkaSettings(Section):
    """Where Kafka is and how to log in; without `bootstrap_servers` the embedded broker is started."""

    bootstrap_servers: Annotated[str, AfterValidator(_check_servers)] | None = Field(
        default=None, description="the brokers, such as 127.0.0.1:9092, or remove the key to use the embedded broker"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="the protocol of the brokers' listener, such as SASL_SSL"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="PLAIN", description="the mechanism that the brokers accept, such as SCRAM-SHA-512"
    )
    sasl_username: str | None = Field(default=None, min_length=1, description="the user that the brokers know")
    sasl_password_file: SecretFromFile | None = Field(
        default=None, description="the path of a file that holds the password"
    )
    sasl_password: SecretStr | None = Field(default=None, min_length=1, description="the user's password")
    ssl_cafile: ReadableFile | None = Field(
        default=None, description="the path of a PEM file with the authorities to trust instead of the system's"
    )
    ssl_certfile: ReadableFile | None = Field(
        default=None, description="the path of a PEM file with the client's certificate"
    )
    ssl_keyfile: ReadableFile | None = Field(
        default=None, description="the path of a PEM file with the certificate's key, unencrypted"
    )

    _one_password = field_validator("sasl_password", mode="before")(one_secret)

    @field_validator("sasl_username", "sasl_password")
    @classmethod
    def _sasl_is_whole(cls, value: str | SecretStr | None, info: ValidationInfo) -> str | SecretStr | None:
        protocol = info.data.get("security_protocol")
        if protocol is not None and protocol.startswith("SASL") and value is None:
            fix = f"set {info.field_name}" + (" or sasl_password_file" if info.field_name == "sasl_password" else "")
            raise refused(f"is missing, and security_protocol {protocol} needs it", fix)
        if protocol in {"PLAINTEXT", "SSL"} and value is not None:
            raise refused(f"is not used with security_protocol {protocol}", "set SASL_SSL there, or remove this key")
        return value

    @field_validator("ssl_cafile", "ssl_certfile", "ssl_keyfile")
    @classmethod
    def _ssl_is_used(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        protocol = info.data.get("security_protocol")
        if value is not None and protocol in {"PLAINTEXT", "SASL_PLAINTEXT"}:
            raise refused(f"is not used with security_protocol {protocol}", "set SSL or SASL_SSL there, or remove it")
        return value

    @field_validator("ssl_keyfile")
    @classmethod
    def _key_has_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("ssl_certfile", value) is None:
            raise refused("is set without ssl_certfile", "set ssl_certfile as well")
        return value
