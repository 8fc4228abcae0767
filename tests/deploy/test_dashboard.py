"""The dashboard: panels over what exists, each explained, and no metric of the relay left out."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.expressions import faults, labels_of, names_in, parsed
from tests.reference.metrics_page import PROCESS, relay_metrics

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy/grafana/delivery-relay.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
COLUMNS = 24


@pytest.mark.parametrize(("title", "target"), TARGETS, ids=[f"{title} {one['refId']}" for title, one in TARGETS])
def test_a_panel_can_find_something(title: str, target: dict[str, Any]) -> None:
    """Its expressions parse over what exists, of the chosen job, and its legend has the labels that it names."""
    expression = target["expr"]
    assert faults(expression) == []
    assert expression.count('job="$job"') >= len(names_in(expression))
    legend = {part.partition("}}")[0] for part in target["legendFormat"].split("{{")[1:]}
    assert legend <= labels_of(parsed(expression))


def test_every_metric_is_on_the_dashboard() -> None:
    """Who looks for one finds it; of the process's own, all but its virtual memory."""
    shown = {name for _, target in TARGETS for name in names_in(target["expr"])}
    assert [metric.name for metric in relay_metrics() if not shown & set(metric.names)] == []
    assert set(PROCESS) - shown == {"process_virtual_memory_bytes"}


def test_panels_are_explained_and_do_not_overlap() -> None:
    """Each has an id of its own, a title, a sentence, a unit, the chosen data source, and its own place."""
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"]["uid"] == "${datasource}"
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken
        assert place["x"] + place["w"] <= COLUMNS
        taken |= cells


def test_the_dashboard_can_be_imported_anywhere() -> None:
    """It names no data source of its own: both variables are asked for."""
    kinds = {variable["name"]: variable["type"] for variable in DASHBOARD["templating"]["list"]}
    assert kinds == {"datasource": "datasource", "job": "query"}


def test_compose_mounts_what_grafana_and_prometheus_read() -> None:
    """Every mounted file is here, the dashboards lie where the provisioning looks, the job has the alerts' name."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    mounts = {}
    for name in ("prometheus", "grafana"):
        assert services[name]["profiles"] == ["monitoring"]
        for volume in services[name]["volumes"]:
            source, target, mode = volume.split(":")
            assert (ROOT / source).exists()
            assert mode == "ro"
            mounts[target] = ROOT / source
    provider = _yaml("deploy/grafana/provisioning/dashboards/relay.yml")["providers"][0]
    assert f"{provider['options']['path']}/delivery-relay.json" in mounts
    prometheus = _yaml("deploy/prometheus/prometheus.yml")
    assert set(prometheus["rule_files"]) <= set(mounts)
    assert [job["job_name"] for job in prometheus["scrape_configs"]] == ["delivery-relay"]
    source = _yaml("deploy/grafana/provisioning/datasources/prometheus.yml")["datasources"][0]
    assert source["url"] == "http://prometheus:9090"


def _yaml(path: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    return document
