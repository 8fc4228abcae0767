"""The Kubernetes manifests: valid by the API's schemas, safe, and fit for the relay that they run."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from relay import __version__
from relay.settings import ConfigurationError, load_settings
from tests.deploy.expressions import faults

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/kubernetes"
VERSIONS = ("1.30", "1.37")
"""Of the API; the oldest and the newest that are checked."""
WITHOUT_SCHEMA = {"Kustomization", "ScaledObject", "ServiceMonitor"}
USER = 10001
STOP_SECONDS = 30


def manifest(name: str) -> dict[str, Any]:
    """Return a manifest."""
    document: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return document


FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.yaml"))
PODS = {
    name: manifest(name)["spec"]["template"]["spec"] for name in ("stateful-set.yaml", "optional/create-topics.yaml")
}
PODS["optional/operator.yaml"] = manifest("optional/operator.yaml")["spec"]
LABELS = {"app.kubernetes.io/name": "delivery-relay"}

each_pod = pytest.mark.parametrize("pod", PODS.values(), ids=PODS.keys())


@pytest.mark.parametrize("name", [name for name in FILES if manifest(name)["kind"] not in WITHOUT_SCHEMA])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_manifest_is_what_the_api_takes(name: str, version: str) -> None:
    """Every field is known and of its type."""
    assert kubernetes_validate.validate(manifest(name), version, strict=True) == version


def test_the_schemas_notice_an_unknown_field() -> None:
    """Else the test above would prove nothing."""
    wrong = manifest("stateful-set.yaml")
    wrong["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_kustomize_takes_every_manifest_that_any_cluster_knows() -> None:
    """What is optional is applied by hand."""
    listed = manifest("kustomization.yaml")["resources"]
    assert listed == [name for name in FILES if "/" not in name and name != "kustomization.yaml"]


@each_pod
def test_pods_may_do_nothing_but_work(pod: dict[str, Any]) -> None:
    """The image's user by number, no root, no rights, no writing, no token, secrets as files that only it reads."""
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True
    assert {security[key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {USER}
    assert f"USER {USER}\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert container["image"] == f"delivery-relay:{__version__}"
        assert all(mount["readOnly"] for mount in container["volumeMounts"])
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
        assert not any("SECRET" in str(one) or "secretKeyRef" in str(one) for one in container["env"])
    assert {volume["secret"]["defaultMode"] for volume in pod["volumes"] if "secret" in volume} == {0o440}


@each_pod
def test_no_service_of_the_namespace_can_confuse_the_settings(pod: dict[str, Any]) -> None:
    """A service named relay would come as RELAY_SERVICE_HOST, which is refused as an unknown setting."""
    assert pod["enableServiceLinks"] is False
    with pytest.raises(ConfigurationError, match="RELAY_SERVICE_HOST"):
        load_settings(None, {"RELAY_SERVICE_HOST": "10.0.0.1"})


def test_the_replicas_are_asked_how_they_are_and_given_time_to_end() -> None:
    """/live and /ready on the port that the configuration opens; longer than an orderly end takes."""
    pod = PODS["stateful-set.yaml"]
    (container,) = pod["containers"]
    probes = {container[name]["httpGet"]["path"]: container[name]["httpGet"]["port"] for name in _PROBES}
    assert probes == {"/live": "http", "/ready": "http"}
    assert pod["terminationGracePeriodSeconds"] > STOP_SECONDS
    (port,) = container["ports"]
    (served,) = manifest("service.yaml")["spec"]["ports"]
    assert (port["name"], served["targetPort"]) == ("http", "http")
    assert port["containerPort"] == served["port"] == 8080


_PROBES = ("livenessProbe", "readinessProbe")


def test_everything_means_the_same_pods() -> None:
    """Replicas, service, budget and monitor select the labels that the pods have."""
    replicas = manifest("stateful-set.yaml")["spec"]
    assert replicas["template"]["metadata"]["labels"] == LABELS
    assert replicas["selector"]["matchLabels"] == LABELS
    assert manifest("service.yaml")["spec"]["selector"] == LABELS
    assert manifest("service.yaml")["metadata"]["labels"] == LABELS
    assert manifest("pod-disruption-budget.yaml")["spec"]["selector"]["matchLabels"] == LABELS
    monitor = manifest("optional/service-monitor.yaml")["spec"]
    assert monitor["selector"]["matchLabels"] == LABELS
    assert [(endpoint["port"], endpoint["path"]) for endpoint in monitor["endpoints"]] == [("http", "/metrics")]


def test_replicas_have_names_that_last() -> None:
    """Each has an address by a service that balances nothing, and its name is the metrics' instance."""
    replicas, service = manifest("stateful-set.yaml"), manifest("service.yaml")
    assert replicas["kind"] == "StatefulSet"
    assert replicas["spec"]["serviceName"] == service["metadata"]["name"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    (endpoint,) = manifest("optional/service-monitor.yaml")["spec"]["endpoints"]
    assert endpoint["relabelings"] == [{"sourceLabels": ["__meta_kubernetes_pod_name"], "targetLabel": "instance"}]


def test_a_replica_that_is_never_ready_holds_up_no_update() -> None:
    """Nor do others wait for it at the start; an update goes one by one, with a rest between two rebalances."""
    spec = manifest("stateful-set.yaml")["spec"]
    assert spec["podManagementPolicy"] == "Parallel"
    assert spec["updateStrategy"] == {"type": "RollingUpdate"}
    assert spec["minReadySeconds"] > 0
    assert "volumeClaimTemplates" not in spec


def test_the_configuration_is_one_that_the_relay_takes(tmp_path: Path) -> None:
    """Read as in the pod, with its secrets as files; topics are created by the job only."""
    text = manifest("config-map.yaml")["data"]["relay.toml"]
    secrets = {Path(path).name for path in re.findall(r'"(/run/secrets/relay/\w+)"', text)}
    for name in secrets:
        (tmp_path / name).write_text("secret\n")
    file = tmp_path / "relay.toml"
    file.write_text(text.replace("/run/secrets/relay", str(tmp_path)))
    settings = load_settings(file, {})
    assert settings.http.host == "0.0.0.0"  # noqa: S104 - within the pod
    assert settings.relay.create_topics is False
    assert secrets == {"kafka", "hyber", "infobip"}
    readme = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
    assert all(f"--from-file={name}" in readme for name in secrets)
    assert PODS["optional/create-topics.yaml"]["containers"][0]["args"] == ["topics", "create"]


@pytest.mark.parametrize(
    ("name", "user"),
    [("optional/create-topics.yaml", "relay-topics"), ("optional/operator.yaml", "relay-operator")],
)
def test_operators_log_in_with_rights_of_their_own(tmp_path: Path, name: str, user: str) -> None:
    """What they override in the common configuration is taken, and the secret that is mounted holds the password."""
    (container,) = PODS[name]["containers"]
    environ = {one["name"]: one["value"] for one in container["env"]}
    (tmp_path / "secret").write_text("secret")
    text = re.sub(r'"/run/secrets/[^"]+"', f'"{tmp_path}/secret"', manifest("config-map.yaml")["data"]["relay.toml"])
    (tmp_path / "relay.toml").write_text(text)
    environ |= {"RELAY_CONFIG": f"{tmp_path}/relay.toml", "RELAY_KAFKA__SASL_PASSWORD_FILE": f"{tmp_path}/secret"}
    assert load_settings(None, environ).kafka.sasl_username == user
    (own,) = (volume for volume in PODS[name]["volumes"] if volume["name"] not in ("configuration", "secrets"))
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    declared = {one["name"]: one["value"] for one in container["env"]}
    assert declared["RELAY_KAFKA__SASL_PASSWORD_FILE"] == f"{mounts[own['name']]}/kafka"


def test_the_operators_pod_only_waits() -> None:
    """The service doesn't send it requests, commands are run in it by hand, and it doesn't stay for ever."""
    operator = manifest("optional/operator.yaml")
    assert "labels" not in operator["metadata"]
    assert operator["spec"]["containers"][0]["command"] == ["sleep", "infinity"]
    assert operator["spec"]["activeDeadlineSeconds"] > 0
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    assert f"kubectl exec {operator['metadata']['name']} --" in runbook
    secret = operator["spec"]["volumes"][-1]["secret"]["secretName"]
    assert f"secret generic {secret} " in runbook


def test_the_scaler_follows_what_is_due() -> None:
    """By a query over a metric that exists, of the alerts' job; never to none, never to more than partitions."""
    spec = manifest("optional/scaled-object.yaml")["spec"]
    scaled = manifest("stateful-set.yaml")
    kind = {"apiVersion": scaled["apiVersion"], "kind": scaled["kind"]}
    assert spec["scaleTargetRef"] == {**kind, "name": scaled["metadata"]["name"]}
    (trigger,) = spec["triggers"]
    assert trigger["type"] == "prometheus"
    assert faults(trigger["metadata"]["query"]) == []
    assert "relay_due_backlog" in trigger["metadata"]["query"]
    assert float(trigger["metadata"]["threshold"]) > 0
    assert trigger["metadata"]["ignoreNullValues"] == "false"
    partitions = int(re.findall(r"partitions = (\d+)", manifest("config-map.yaml")["data"]["relay.toml"])[0])
    assert 1 <= spec["minReplicaCount"] <= spec["fallback"]["replicas"] <= spec["maxReplicaCount"] == partitions


def test_what_must_be_named_alike_is() -> None:
    """Configuration, secret and account of the pods are those that exist."""
    pod = PODS["stateful-set.yaml"]
    assert pod["serviceAccountName"] == manifest("service-account.yaml")["metadata"]["name"]
    sources = {volume["name"]: volume for volume in pod["volumes"]}
    assert sources["configuration"]["configMap"]["name"] == manifest("config-map.yaml")["metadata"]["name"]
    readme = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
    assert f"secret generic {sources['secrets']['secret']['secretName']} " in readme
