"""Everything that a process counts and measures, with its meaning; gives it as Prometheus text.

Labels are accounts, types, topics and codes: never an id or a recipient.
"""

from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

_LOOKUP = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_COMMIT = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_RESTORE = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120)
_DELAY = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self, version: str) -> None:
        # Else each counter is exported twice, the second time as its time of birth; the function has no annotations.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        own = self.registry = CollectorRegistry()
        ProcessCollector(registry=own)
        Info("relay_build", "The version that runs.", registry=own).info({"version": version})
        count, gauge, timed = (
            partial(Counter, registry=own),
            partial(Gauge, registry=own),
            partial(Histogram, registry=own),
        )
        account = ("account",)

        self.requests = count("relay_requests_total", "Input records handled.", ("topic", "outcome"))
        self.ignored_fields = count("relay_ignored_fields_total", "Unknown fields of input records.", ("topic",))
        self.dead_letters = count("relay_dead_letters_total", "Records refused, by reason.", ("code",))
        self.lookups = count("relay_lookups_total", "Lookups that ended.", ("account", "outcome"))
        self.lookup_seconds = timed("relay_lookup_seconds", "From request to whole response.", account, buckets=_LOOKUP)
        self.lookups_in_flight = gauge("relay_lookups_in_flight", "Lookups that wait for a response.", account)
        self.account_paused = gauge("relay_account_paused", "1 while nothing is asked.", ("account", "reason"))
        self.unmapped_codes = count("relay_unmapped_codes_total", "Codes that no table knows.", ("account", "field"))
        self.contradicted_reports = count(
            "relay_contradicted_reports_total", "Reports that take back delivered.", account
        )
        self.drains = count("relay_drains_total", "Drains that ended.", ("account", "outcome"))
        self.collected_reports = count("relay_collected_reports_total", "Reports that drains brought.", account)
        self.unreadable_reports = count("relay_unreadable_reports_total", "Reports that can't be read.", account)
        self.bodies_held = gauge("relay_bodies_held", "Answers of drains that Kafka has not taken yet.")
        self.log_reads = count("relay_log_reads_total", "Requests to a provider's log.", ("account", "outcome"))
        self.gaps = count("relay_gaps_total", "Gaps, by what became of them.", ("account", "outcome"))
        self.gaps_open = gauge("relay_gaps_open", "Gaps that are not reconciled.", account)
        self.events = count("relay_events_total", "Status changes published.", ("type",))
        self.event_delay_seconds = timed(
            "relay_event_delay_seconds",
            "From deciding changes to their commit, once a turn.",
            buckets=_DELAY,
        )
        self.messages_pending = gauge("relay_messages_pending", "Messages whose outcome is not final.")
        self.due_backlog = gauge("relay_due_backlog", "Lookups that are due and not started.")
        self.oldest_overdue_seconds = gauge("relay_oldest_overdue_seconds", "Delay of the lookup that is due longest.")
        self.slots_owned = gauge("relay_slots_owned", "Partitions assigned to this process.")
        self.slots_ready = gauge("relay_slots_ready", "Partitions restored and working.")
        self.restore_seconds = timed("relay_restore_seconds", "From assignment to restored.", buckets=_RESTORE)
        self.commit_seconds = timed("relay_commit_seconds", "One transaction, begin to commit.", buckets=_COMMIT)
        self.commit_failures = count("relay_commit_failures_total", "Transactions that failed.")

    def render(self) -> bytes:
        """Give all metrics in Prometheus' text format, UTF-8."""
        return generate_latest(self.registry)
