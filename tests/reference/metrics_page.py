"""Writes the page of the metrics from the registry of a process."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase

from relay.observe.lookup_counts import BOUNDS, Lookups
from relay.observe.metrics import Metrics

PROCESS = (
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
)
"""What the client library adds on Linux."""

HEAD = """\
# Metrics

Generated from [relay/observe/metrics.py](../relay/observe/metrics.py) by `make docs`; not written by hand.

`GET /metrics` gives them in Prometheus' text format, each replica its own. A counter with labels appears when it counts for the first time. No label holds an id or a recipient.

| label | what it holds |
|---|---|
| `account` | the configured account |
| `outcome`, `reason`, `type` | a word; the metric's meaning lists them |
| `topic` | an input topic |
| `code` | a dead letter's `reason.code`, of [schemas/dead_letter.v1.schema.json](../schemas/dead_letter.v1.schema.json) |
| `field` | the field of a report whose code no table knows |

[deploy/prometheus/alerts.yml](../deploy/prometheus/alerts.yml) has the alerts, [deploy/grafana](../deploy/grafana) a dashboard, [runbook.md](runbook.md) what to do.

| metric | kind | labels | meaning |
|---|---|---|---|
"""  # noqa: E501 - lines of Markdown

TAIL = """
## Buckets

| histogram | upper bounds in seconds |
|---|---|
"""

PROCESS_HEAD = """
## Of the process

On Linux the client library adds what the system knows of the process, without labels: """


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric as it is exported; `names`: of its samples."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str
    bounds: tuple[float, ...] = ()

    @property
    def names(self) -> Mapping[str, frozenset[str]]:
        """The samples' names with their labels."""
        labels = frozenset(self.labels)
        if self.kind != "histogram":
            return {self.name: labels}
        return {f"{self.name}_bucket": labels | {"le"}, f"{self.name}_sum": labels, f"{self.name}_count": labels}


def relay_metrics() -> list[Metric]:
    """Return the relay's own metrics in the order in which they are declared."""
    return list(_own(Metrics(version="")))


def _own(metrics: Metrics) -> Iterator[Metric]:
    build = Metric(
        name="relay_build_info", kind="gauge", labels=("version",), meaning="The version that runs; always 1."
    )
    yield build
    for metric in vars(metrics).values():
        if isinstance(metric, Lookups):
            yield from (_metric(family, family._labelnames, BOUNDS) for family in metric.collect())
        elif isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            bounds = tuple(metric._upper_bounds[:-1]) if isinstance(metric, Histogram) else ()
            yield _metric(family, metric._labelnames, bounds)


def _metric(family: Any, labels: tuple[str, ...], bounds: tuple[float, ...]) -> Metric:
    """Return a metric; `bounds`: of its buckets, if it has any."""
    return Metric(
        name=f"{family.name}_total" if family.type == "counter" else family.name,
        kind=family.type,
        labels=labels,
        meaning=family.documentation,
        bounds=bounds if family.type == "histogram" else (),
    )


def metrics_page() -> str:
    """Return the page's text."""
    metrics = relay_metrics()
    rows = "".join(f"| `{one.name}` | {one.kind} | {_code(one.labels)} | {one.meaning} |\n" for one in metrics)
    bounds = "".join(
        f"| `{one.name}` | {', '.join(f'{at:g}' for at in one.bounds)} |\n" for one in metrics if one.bounds
    )
    return f"{HEAD}{rows}{TAIL}{bounds}{PROCESS_HEAD}{_code(PROCESS)}.\n"


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
