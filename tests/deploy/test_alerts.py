"""The alerts: expressions over what exists, words for people, and a section of the runbook for each."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from relay.commands.group import NAMES
from relay.observe.lines import Line
from tests.deploy.expressions import SAMPLES, faults, labels_of, parsed
from tests.programs import present
from tests.reference.metrics_page import relay_metrics

ROOT = Path(__file__).parents[2]
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
SECTIONS = {title: text for title, _, text in (part.partition("\n") for part in RUNBOOK.split("\n## ")[1:])}
PARTS = ("**Means**", "**Look**", "**Do**")

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


@each_rule
def test_an_alert_can_find_something(rule: dict[str, Any]) -> None:
    """Its expression parses, over metrics, labels and words that exist."""
    assert faults(rule["expr"]) == []


@each_rule
def test_an_alert_speaks_to_people(rule: dict[str, Any]) -> None:
    """It says what happens and what that means, and names only labels that its result has."""
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    named = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    assert named <= labels_of(parsed(rule["expr"]))


@each_rule
def test_an_alert_has_its_section_in_the_runbook(rule: dict[str, Any]) -> None:
    """Its link leads to it, and it tells what the alert means, where to look and what to do."""
    name = rule["alert"]
    assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
    assert [part for part in PARTS if part not in SECTIONS[name]] == []


@pytest.mark.parametrize(("command", "file"), [("check", "alerts.yml"), ("test", "alerts_test.yml")])
def test_promtool_is_content(command: str, file: str) -> None:
    """Prometheus' own tool takes the rules, and plays when each alert fires and when not; where it is installed."""
    words = [present("promtool"), command, "rules", file]
    done = subprocess.run(words, cwd=ROOT / "deploy/prometheus", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_in_a_play() -> None:
    """An alert that is added without one would be checked by nobody."""
    plays = yaml.safe_load((ROOT / "deploy/prometheus/alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    alone = [test for play in plays for test in play.get("alert_rule_test", ()) if "exp_alerts" in test]
    samples = str([test["exp_samples"] for play in plays for test in play.get("promql_expr_test", ())])
    fired = {test["alertname"] for test in alone} | set(re.findall(r'alertname="(\w+)"', samples))
    assert fired == {rule["alert"] for rule in RULES}


def test_the_runbook_has_no_section_without_its_alert() -> None:
    """In the order of the alerts, so that nothing is left behind when one goes."""
    assert list(SECTIONS) == [rule["alert"] for rule in RULES]


def test_the_runbook_names_only_commands_lines_and_metrics_that_exist() -> None:
    """Whoever is woken at night must not be sent to what isn't there."""
    words = set(re.findall(r"`([^`\n]+)`", RUNBOOK))
    events = {line.value for line in Line}
    nouns = "|".join({event.partition(".")[0] for event in events})
    assert {word for word in words if re.fullmatch(rf"({nouns})\.[a-z_]+", word)} - events == set()
    assert {word.split()[1] for word in words if word.startswith("relay ")} <= set(NAMES)
    metrics = {name for word in words for name in re.findall(r"\brelay_[a-z_]+", word)}
    assert metrics - set(SAMPLES) - {metric.name for metric in relay_metrics()} == set()
