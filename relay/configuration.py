"""What can be configured: the frozen model of the whole TOML file, and its description without secrets."""

import re
from importlib.util import find_spec
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import InitErrorDetails

from relay.kafka.settings import KafkaSettings
from relay.mistakes import suggestion
from relay.providers import PROVIDERS
from relay.providers.account import Account
from relay.setting_types import BaseUrl, Section, refused

_ACCOUNT_NAME = re.compile(r"[a-z](_?[a-z0-9])*")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_LONGEST_NAME = 63


def _check_account_name(name: str) -> str:
    if len(name) > _LONGEST_NAME or not _ACCOUNT_NAME.fullmatch(name):
        fix = "use lower-case letters, digits and single underscores: a letter first, no underscore last, at most 63"
        raise refused("is not a valid account name", fix)
    return name


def _account(value: object) -> Account:
    """Validate an account by the settings of its provider; a nested ValidationError keeps its locations."""
    if isinstance(value, Account):
        return value
    if not isinstance(value, dict):
        raise refused("must be a table", "set provider and the other keys of the account in it")
    known = ", ".join(PROVIDERS)
    name = value.get("provider")
    if isinstance(name, str) and name in PROVIDERS:
        return PROVIDERS[name].settings.model_validate(value)
    problem = "is missing" if name is None else "is not a known provider"
    hint = suggestion(name, PROVIDERS) if isinstance(name, str) else ""
    mistake = InitErrorDetails(type=refused(problem, f"{hint}set one of: {known}"), loc=("provider",), input=None)
    raise ValidationError.from_exception_data("account", [mistake])


def _check_topic(name: str) -> str:
    if not _TOPIC.fullmatch(name) or name in {".", ".."}:
        raise refused("must have 1 to 249 letters, digits, dots, hyphens or underscores")
    return name


AccountName = Annotated[str, AfterValidator(_check_account_name)]
TopicName = Annotated[str, AfterValidator(_check_topic)]


class RelaySettings(Section):
    """The group of processes and the topics that it creates."""

    group: str = Field(
        default="delivery-relay",
        pattern=r"^[A-Za-z0-9._-]{1,200}$",
        description="the name of the consumer group, such as delivery-relay",
    )
    partitions: int = Field(default=12, ge=1, le=10_000, description="partitions of created topics, such as 12")
    replication_factor: int = Field(default=1, ge=1, le=32_767, description="copies of created topics, such as 3")
    create_topics: bool = Field(default=True, description="true to create missing topics at start, else false")


class HttpSettings(Section):
    """Where /live, /ready, /metrics and /asyncapi are served."""

    host: str = Field(default="127.0.0.1", min_length=1, description="the address to listen on, such as 0.0.0.0")
    port: int = Field(default=8080, ge=0, le=65_535, description="the port to listen on, such as 8080, or 0 for any")


class LoggingSettings(Section):
    """How log lines look and which are written."""

    format: Literal["json", "console"] = Field(default="json", description="json, or console for people")
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least severe level to write, such as info"
    )


class PrivacySettings(Section):
    """What published events show of the people who were written to."""

    recipients: Literal["masked", "clear", "omitted"] = Field(
        default="masked", description="how recipients are shown, such as masked"
    )


def _check_otel(endpoint: str) -> str:
    try:
        exporter = find_spec("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ModuleNotFoundError:  # of what is around it
        exporter = None
    if exporter is None:
        raise refused("needs the extra `otel`", "install delivery-relay[otel], or remove the key")
    return endpoint


class TracingSettings(Section):
    """Where traces go, if anywhere."""

    endpoint: Annotated[BaseUrl, AfterValidator(_check_otel)] | None = Field(
        default=None, description="the base URL of an OTLP/HTTP collector, such as http://127.0.0.1:4318"
    )
    sample_ratio: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="which part of requests without a trace of their own begins one, such as 0.01",
    )


class TopicSettings(Section):
    """The names of the ten topics."""

    fetch_requests: TopicName = Field(default="delivery.fetch-requests.v1", description="the topic of fetch requests")
    messages_sent: TopicName = Field(default="messages.sent.v1", description="the topic of sent messages")
    delivered: TopicName = Field(default="delivery.delivered.v1", description="the topic of delivered events")
    seen: TopicName = Field(default="delivery.seen.v1", description="the topic of seen events")
    failed: TopicName = Field(default="delivery.failed.v1", description="the topic of failed events")
    answered: TopicName = Field(default="delivery.answered.v1", description="the topic of answered events")
    dead_letters: TopicName = Field(default="delivery.dead-letters.v1", description="the topic of dead letters")
    inbox: TopicName = Field(default="relay.inbox.v1", description="the internal topic of re-keyed requests")
    raw: TopicName = Field(default="relay.raw.v1", description="the internal topic of read-once answers")
    state: TopicName = Field(default="relay.state.v1", description="the internal, compacted topic of states")

    @field_validator("*")
    @classmethod
    def _only_once(cls, value: str, info: ValidationInfo) -> str:
        other = next((key for key, name in info.data.items() if name == value), None)
        if other is not None:
            raise refused(f"is the same topic as topics.{other}", "give each of the ten topics a name of its own")
        return value


class Settings(Section):
    """Everything that can be configured."""

    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="a table [kafka]")
    relay: RelaySettings = Field(default_factory=RelaySettings, description="a table [relay]")
    http: HttpSettings = Field(default_factory=HttpSettings, description="a table [http]")
    logging: LoggingSettings = Field(default_factory=LoggingSettings, description="a table [logging]")
    privacy: PrivacySettings = Field(default_factory=PrivacySettings, description="a table [privacy]")
    tracing: TracingSettings = Field(default_factory=TracingSettings, description="a table [tracing]")
    topics: TopicSettings = Field(default_factory=TopicSettings, description="a table [topics]")
    accounts: dict[AccountName, Annotated[SerializeAsAny[Account], BeforeValidator(_account)]] = Field(
        default_factory=dict, description="a table [accounts.NAME] for each account"
    )

    _source: str | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Note the file that the settings came from."""
        self._source = context.get("source") if isinstance(context, dict) else None

    @property
    def source(self) -> str | None:
        """The name of the file that was read, or None."""
        return self._source


def describe(settings: Settings) -> dict[str, Any]:
    """Give the effective configuration as plain JSON values, secrets replaced by asterisks."""
    return {"source": settings.source, **settings.model_dump(mode="json")}
