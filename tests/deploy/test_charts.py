"""Every example is well formed by Helm's and Kubernetes' own rules, and a wrong value is refused by name."""

import re
from typing import Any

import helm_python as helm
import kubernetes_validate
import pytest
import yaml
from charts import EXAMPLES, HELM, containers, example, manifests, objects, of_kind, pods

OLDEST, NEWEST = "1.28", "1.37"
THEIRS = {"ScaledObject", "Certificate", "ServiceMonitor", "PrometheusRule", "HTTPRoute"}
"""Kinds of operators; Kubernetes has no schema of theirs."""
CASES = [pytest.param(chart, name, id=name) for name, chart in EXAMPLES.items()]
INFO = 1


@pytest.mark.parametrize(("chart", "name"), CASES)
def test_lint_finds_nothing(chart: str, name: str) -> None:
    report = helm.lint(HELM / chart, example(name), strict=True, kube_version=f"v{OLDEST}.0")
    assert report["errors"] == []
    assert [message for message in report["messages"] if message["severity"] > INFO] == []


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize(("chart", "name"), CASES)
def test_objects_are_kubernetes_own(chart: str, name: str, version: str) -> None:
    checked = 0
    for one in objects(chart, example(name)):
        if one["kind"] not in THEIRS:
            kubernetes_validate.validate(one, version, strict=True)
            checked += 1
    assert checked > 10


@pytest.mark.parametrize(("chart", "name"), CASES)
def test_pods_keep_to_the_restricted_profile(chart: str, name: str) -> None:
    for pod, spec in pods(objects(chart, example(name))):
        assert spec["automountServiceAccountToken"] is False, pod
        assert spec["securityContext"]["runAsNonRoot"] is True, pod
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, pod
        for container in containers(spec):
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, pod
            assert security["readOnlyRootFilesystem"] is True, pod
            assert security["capabilities"] == {"drop": ["ALL"]}, pod
            assert container["resources"]["limits"]["memory"], pod


@pytest.mark.parametrize(("chart", "name"), CASES)
def test_every_mount_has_its_volume(chart: str, name: str) -> None:
    for pod, spec in pods(objects(chart, example(name))):
        mounted = {mount["name"] for container in containers(spec) for mount in container.get("volumeMounts", [])}
        claimed = {"data"} & mounted
        assert mounted - claimed == {volume["name"] for volume in spec.get("volumes", [])}, pod


@pytest.mark.parametrize(("chart", "name"), CASES)
def test_names_and_references_agree(chart: str, name: str) -> None:
    found = objects(chart, example(name))
    services = set(of_kind(found, "Service"))
    sets = of_kind(found, "StatefulSet")
    assert {one["spec"]["serviceName"] for one in sets.values()} <= services
    for kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        for one in of_kind(found, kind).values():
            target = sets[one["spec"]["scaleTargetRef"]["name"]]
            assert "replicas" not in target["spec"], "the scaler owns the number of pods"
    for one in of_kind(found, "PodDisruptionBudget").values():
        chosen = one["spec"]["selector"]["matchLabels"].items()
        assert any(chosen <= each["spec"]["template"]["metadata"]["labels"].items() for each in sets.values())
    doors = [
        path["backend"]["service"]["name"]
        for ingress in of_kind(found, "Ingress").values()
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    ]
    doors += [
        backend["name"]
        for route in of_kind(found, "HTTPRoute").values()
        for rule in route["spec"]["rules"]
        for backend in rule["backendRefs"]
    ]
    assert set(doors) <= services


@pytest.mark.parametrize(
    ("chart", "key", "values"),
    [
        ("region", "regoin", {"regoin": "eu"}),
        ("region", "replica", {"services": {"order-release": {"replica": 2}}}),
        ("region", "kind", {"services": {"order-release": {"autoscaling": {"kind": "magic"}}}}),
        ("region", "port", {"services": {"yard-control": {}}}),
        ("region", "size", {"nats": {"storage": {"size": "much"}}}),
        ("hub", "sandbox", {"sandbox": {"enable": True}}),
    ],
)
def test_a_wrong_value_is_refused_by_name(chart: str, key: str, values: dict[str, Any]) -> None:
    with pytest.raises(helm.HelmError, match=key):
        manifests(chart, example("minimal" if chart == "region" else "hub") | values)


@pytest.mark.parametrize(
    ("wanted", "values"),
    [
        ("database.existingSecret", {"database": {"mode": "external"}}),
        ("nats.external.url", {"nats": {"mode": "external"}}),
        ("auth.existingSecret", {"nats": {"mode": "external", "external": {"url": "nats://broker:4222"}}}),
        ("tls.issuerRef.name", {"tls": {"mode": "certManager"}}),
        ("ingress.host", {"ingress": {"enabled": True}}),
        (
            "monitoring.prometheusUrl",
            {"services": {"carrier-gateway": {"port": 8105, "autoscaling": {"kind": "keda"}}}},
        ),
    ],
)
def test_what_is_missing_is_named(wanted: str, values: dict[str, Any]) -> None:
    with pytest.raises(helm.HelmError, match=re.escape(wanted)):
        manifests("region", example("minimal") | values)


@pytest.mark.parametrize("chart", ["region", "hub"])
def test_every_value_is_documented(chart: str) -> None:
    lines = (HELM / chart / "values.yaml").read_text().splitlines()
    silent = [
        line.strip()
        for before, line in zip(["", *lines], lines, strict=False)
        if re.match(r"^ *[\w-]+:", line) and not before.strip().startswith("# --")
    ]
    assert silent == []


def test_both_charts_have_the_same_values() -> None:
    region, hub = (yaml.safe_load((HELM / chart / "values.yaml").read_text()) for chart in ("region", "hub"))
    assert list(region) == list(hub)
    assert region["defaults"] == hub["defaults"]


def test_notes_say_what_is_unsafe_and_what_is_to_do() -> None:
    trial = manifests("region", example("minimal"))["region/templates/NOTES.txt"]
    assert "helm test trial" in trial
    for unsafe in ("auth.existingSecret is empty", "database.mode=embedded", "tls.mode=none", "sandbox.enabled"):
        assert unsafe in trial
    eu = example("eu")
    del eu["services"]["warehouse-adapter"]
    notes = manifests("region", eu)["region/templates/NOTES.txt"]
    assert "services.warehouse-adapter.settings.WMS_URL is not set" in notes
    assert "ERP_URL" not in notes
    assert "tls.mode" not in notes


def test_no_secret_is_made_where_secrets_are_given() -> None:
    for name in ("eu", "us", "hub"):
        assert of_kind(objects(EXAMPLES[name], example(name)), "Secret") == {}
    (trial,) = of_kind(objects("region", example("minimal")), "Secret").values()
    assert "nats-carrier-gateway.password" in trial["data"]


def test_a_chart_on_its_own_is_whole(tmp_path: Any) -> None:
    """The hub shares the region's templates by links; its package holds the files."""
    with helm.Chart.load(HELM / "hub") as chart:
        package = chart.save(tmp_path)
    with helm.Chart.load(package) as chart:
        rendered = chart.render(example("hub"), name="hub", namespace="mesh")
    assert rendered["hub/templates/services.yaml"] == manifests_named("hub")["hub/templates/services.yaml"]


def manifests_named(release: str) -> dict[str, str]:
    with helm.Chart.load(HELM / "hub") as chart:
        rendered: dict[str, str] = chart.render(example("hub"), name=release, namespace="mesh")
    return rendered
