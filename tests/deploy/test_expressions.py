"""The check of expressions notices what is wrong with one."""

import pytest

from tests.deploy.expressions import faults, labels_of, parsed


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("sum(relay_gaps_opened)", "relay_gaps_opened: no such metric"),
        ('relay_gaps_open{topic="x"}', "relay_gaps_open: no label topic"),
        ('rate(relay_drains_total{outcome="reed"}[5m])', "relay_drains_total: outcome is never reed"),
        ('rate(relay_drains_total{outcome!~"read|lots"}[5m])', "relay_drains_total: outcome is never lots"),
        ("sum by (type) (relay_gaps_open)", "by type: no such label"),
        ("rate(relay_gaps_open[5m])", "rate(relay_gaps_open): no counter"),
        (
            "histogram_quantile(0.9, sum(rate(relay_commit_seconds_bucket[5m])))",
            "histogram_quantile: its buckets were summed without le",
        ),
    ],
)
def test_a_wrong_expression_is_refused(expression: str, fault: str) -> None:
    """The fault is named."""
    assert faults(expression) == [fault]
    assert fault in faults(f"(1 + ({expression})) > 0 or vector(1)")


def test_what_does_not_parse_is_a_fault() -> None:
    """The parser's own words say where."""
    assert len(faults("sum(relay_gaps_open")) == 1


@pytest.mark.parametrize(
    ("expression", "labels"),
    [
        ("absent(relay_build_info)", set()),
        ("relay_slots_ready < relay_slots_owned", {"job", "instance"}),
        ("sum by (job, account) (relay_gaps_open) > 0", {"job", "account"}),
        ("histogram_quantile(0.9, sum by (job, le) (rate(relay_commit_seconds_bucket[5m])))", {"job"}),
        ("max_over_time(relay_bodies_held[1m])", {"job", "instance"}),
    ],
)
def test_the_labels_of_a_result_are_known(expression: str, labels: set[str]) -> None:
    """So that what an alert says of them is there."""
    assert labels_of(parsed(expression)) == labels
