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

from relay.observe.lookup_counts import Lookups

_COMMIT = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_RESTORE = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120)
_DELAY = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

# Each word of a label stands in the metric's help, so that whoever writes an alert finds it at /metrics.
_REQUEST_OUTCOMES = "Input records handled, by topic: accepted, rejected."
_READ_OUTCOMES = "Requests to a provider's log: read, failed."
_EVENT_TYPES = "Status changes published: delivered, seen, failed, answered."
_EVENT_DELAY = "From deciding changes to their commit, once a turn."
_PAUSE_REASONS = (
    "1 while nothing is asked: refused (the credentials), throttled, unavailable; ACCOUNT/log is an account's log."
)
_DRAIN_OUTCOMES = (
    "Drains that ended, by what they brought: read, refused (nothing was handed out), withdrawn (not asked); what may "
    "have lost reports: timed_out, connection, truncated, oversized, garbled, broken, status_500 and the like."
)
_GAP_OUTCOMES = "Gaps, by what became of them: found, reconciled, abandoned (reports may be lost)."


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

        self.requests = count("relay_requests_total", _REQUEST_OUTCOMES, ("topic", "outcome"))
        self.ignored_fields = count("relay_ignored_fields_total", "Unknown fields of input records.", ("topic",))
        self.dead_letters = count("relay_dead_letters_total", "Records refused, by reason.", ("code",))
        self.lookups = Lookups()
        own.register(self.lookups)
        self.lookups_in_flight = gauge("relay_lookups_in_flight", "Lookups that wait for a response.", account)
        self.account_paused = gauge("relay_account_paused", _PAUSE_REASONS, ("account", "reason"))
        self.unmapped_codes = count("relay_unmapped_codes_total", "Codes that no table knows.", ("account", "field"))
        self.contradicted_reports = count(
            "relay_contradicted_reports_total", "Reports that take back delivered.", account
        )
        self.drains = count("relay_drains_total", _DRAIN_OUTCOMES, ("account", "outcome"))
        self.collected_reports = count("relay_collected_reports_total", "Reports that drains brought.", account)
        self.unreadable_reports = count("relay_unreadable_reports_total", "Reports that can't be read.", account)
        self.bodies_held = gauge("relay_bodies_held", "Answers of drains that Kafka has not taken yet.")
        self.log_reads = count("relay_log_reads_total", _READ_OUTCOMES, ("account", "outcome"))
        self.gaps = count("relay_gaps_total", _GAP_OUTCOMES, ("account", "outcome"))
        self.gaps_open = gauge("relay_gaps_open", "Gaps that are not reconciled.", account)
        self.events = count("relay_events_total", _EVENT_TYPES, ("type",))
        self.event_delay_seconds = timed("relay_event_delay_seconds", _EVENT_DELAY, buckets=_DELAY)
        self.messages_pending = gauge("relay_messages_pending", "Messages whose outcome is not final.")
        self.messages_remembered = gauge("relay_messages_remembered", "Messages held, the finished until forgotten.")
        self.due_backlog = gauge("relay_due_backlog", "Lookups that are due and not started.")
        self.oldest_overdue_seconds = gauge("relay_oldest_overdue_seconds", "Delay of the lookup that is due longest.")
        self.partitions = gauge("relay_partitions", "Partitions there are over all processes, 0 before Kafka is found.")
        self.slots_owned = gauge("relay_slots_owned", "Partitions assigned to this process.")
        self.ready = gauge("relay_ready", "1 while /ready says so, 0 while it tells what is waited for.")
        self.slots_ready = gauge("relay_slots_ready", "Partitions restored and working.")
        self.restore_seconds = timed("relay_restore_seconds", "From assignment to restored.", buckets=_RESTORE)
        self.commit_seconds = timed("relay_commit_seconds", "One transaction, begin to commit.", buckets=_COMMIT)
        self.commit_failures = count("relay_commit_failures_total", "Transactions that failed.")

    def render(self) -> bytes:
        """Give all metrics in Prometheus' text format, UTF-8."""
        return generate_latest(self.registry)
