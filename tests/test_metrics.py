"""The metrics of a process, as Prometheus reads them."""

import re

from prometheus_client.parser import text_string_to_metric_families

from relay.observe.metrics import Metrics

LABELS = {"account", "outcome", "type", "topic", "code", "field", "reason"}


def samples(metrics: Metrics) -> dict[str, float]:
    """Give the unlabelled samples by name."""
    families = text_string_to_metric_families(metrics.render().decode())
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def test_what_is_counted_is_rendered() -> None:
    """Counters, gauges and histograms appear with their labels and values."""
    metrics = Metrics(version="1.2.3")
    metrics.lookups.of("a").add("reported", 0.2)
    metrics.messages_pending.set(7)
    text = metrics.render().decode()
    assert 'relay_lookups_total{account="a",outcome="reported"} 1.0' in text
    assert 'relay_lookup_seconds_bucket{account="a",le="0.25"} 1.0' in text
    assert 'relay_build_info{version="1.2.3"} 1.0' in text
    assert samples(metrics)["relay_messages_pending"] == 7
    assert "_created" not in text


def test_all_metrics_have_our_prefix_help_and_no_other_labels() -> None:
    """Names begin with relay_ (the process's own with process_), each says what it means, labels stay few."""
    metrics = Metrics(version="1")
    for family in metrics.registry.collect():
        assert re.match(r"(relay|process)_[a-z_]+$", family.name), family.name
        assert family.documentation
    for metric in vars(metrics).values():
        assert set(getattr(metric, "_labelnames", ())) <= LABELS


def test_two_processes_in_one_interpreter_do_not_share() -> None:
    """Each Metrics has its own registry."""
    one, other = Metrics(version="1"), Metrics(version="1")
    one.commit_failures.inc()
    assert samples(one)["relay_commit_failures_total"] == 1
    assert samples(other)["relay_commit_failures_total"] == 0
