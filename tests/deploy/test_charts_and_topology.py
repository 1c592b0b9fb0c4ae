"""What the charts run is what the topology says: services, ports, users of the broker, consumers."""

import base64
import json
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import helm_python as helm
import pytest
from charts import NAMESPACE, RELEASE, environment, example, manifests, objects, of_kind
from pydantic import TypeAdapter

from canonical import topology
from canonical.federation import part_of
from chassis.broker_config import ROUTE, link_user, users
from chassis.broker_passwords import ensure_passwords
from chassis.provisioner import main, names, parser, place

from control_tower.domain.mesh import Address

MESH = topology.load()
FULL = f"{RELEASE}-region"


@pytest.fixture(scope="module")
def minimal() -> list[dict[str, Any]]:
    return objects("region", example("minimal"))


def container(found: list[dict[str, Any]], service: str) -> dict[str, Any]:
    """Return the one container of a service."""
    (only,) = of_kind(found, "StatefulSet")[f"{FULL}-{service}"]["spec"]["template"]["spec"]["containers"]
    return dict(only)


def test_the_region_runs_the_services_of_the_topology_on_their_ports(minimal: list[dict[str, Any]]) -> None:
    services = of_kind(minimal, "Service")
    ports = {name: services[f"{FULL}-{name}"]["spec"]["ports"][0]["port"] for name in MESH.services}
    assert ports == {name: entry.port for name, entry in MESH.services.items()}
    sets = {name.removeprefix(f"{FULL}-") for name in of_kind(minimal, "StatefulSet")}
    assert sets == {*MESH.services, "nats", "postgres"}


@pytest.mark.parametrize("name", MESH.services)
def test_a_service_gets_its_own_user_database_and_share(minimal: list[dict[str, Any]], name: str) -> None:
    env = environment(container(minimal, name))
    assert env["CROSSDOCK_NATS_USER"] == name
    assert env["CROSSDOCK_NATS_PASSWORD_FILE"].endswith(f"/nats-{name}.password")
    assert env["CROSSDOCK_DATABASE_URL"]["secretKeyRef"]["key"] == name
    assert env["CROSSDOCK_ORDINAL"] == {"fieldRef": {"fieldPath": "metadata.labels['apps.kubernetes.io/pod-index']"}}
    assert env["CROSSDOCK_NATS_URL"] == f"nats://{FULL}-nats:4222"
    probes = {
        probe: container(minimal, name)[f"{probe}Probe"]["httpGet"]["path"] for probe in ("liveness", "readiness")
    }
    assert probes == {"liveness": "/health/live", "readiness": "/health/ready"}


@pytest.mark.parametrize("name", MESH.services)
def test_every_setting_is_one_the_service_knows(minimal: list[dict[str, Any]], name: str) -> None:
    build = import_module(f"{name.replace('-', '_')}.app").build
    known = {f"CROSSDOCK_{field.upper()}" for field in get_type_hints(build)["settings"].model_fields}
    given = set(environment(container(minimal, name)))
    foreign = {
        f"CROSSDOCK_{key}" for key in ("ERP_URL", "WMS_URL", "TMS_URL", "CRM_URL", "PORTAL_URL", "INVENTORY_URL")
    }
    foreign |= {f"CROSSDOCK_{key}" for key in ("SWIFTPARCEL_URL", "NORDFREIGHT_URL", "SMTP_HOST", "SMTP_PORT")}
    assert given - foreign <= known


def test_the_broker_knows_every_user_of_the_topology(minimal: list[dict[str, Any]], tmp_path: Path) -> None:
    """The configuration of the chart's own init container, made from the chart's own passwords."""
    (secret,) = of_kind(minimal, "Secret").values()
    for key, value in secret["data"].items():
        (tmp_path / key).write_bytes(base64.b64decode(value))
    spec = of_kind(minimal, "StatefulSet")[f"{FULL}-nats"]["spec"]["template"]["spec"]
    (config,) = spec["initContainers"]
    out = tmp_path / "nats.conf"
    moved = {"/run/secrets/broker": str(tmp_path), "/etc/nats/nats.conf": str(out), "/data": str(tmp_path / "data")}
    arguments = config["args"]
    for there, here in moved.items():
        arguments = [argument.replace(there, here) for argument in arguments]
    assert main(arguments) == 0
    users = {user["user"]: user for user in json.loads(out.read_text())["accounts"]["MESH"]["users"]}
    assert set(users) == {*MESH.services, "provisioner", "operator"}
    for name in MESH.services:
        assert users[name]["permissions"]["publish"] == list(MESH.permissions(name, "eu").publish)
        for durable in MESH.every_durable(name, "eu"):
            pull = f"$JS.API.CONSUMER.MSG.NEXT.{durable.stream}.{durable.name}"
            assert pull in users[name]["permissions"]["publish"]


@pytest.mark.parametrize(
    ("chart", "values", "kind"),
    [("region", "minimal", "whole"), ("region", "eu", "region"), ("region", "us", "region"), ("hub", "hub", "hub")],
)
def test_each_place_makes_and_runs_its_part_of_the_topology(chart: str, values: str, kind: str) -> None:
    found = objects(chart, example(values))
    (job,) = of_kind(found, "Job").values()
    args = parser().parse_args(job["spec"]["template"]["spec"]["containers"][0]["args"])
    assert args.command == "apply"
    where = place(args.region, names(args.leaves), args.hub)
    assert (where.kind, where.region) == (kind, example(values).get("region", "hub"))
    assert where.regions == (("eu", "us") if kind == "hub" else ())
    here = set(part_of(MESH, where).services)
    made = set(args.services.split(",")) if args.services else set()
    assert made in (set(), here)
    (test,) = of_kind(found, "Pod").values()
    asked = parser().parse_args(test["spec"]["containers"][0]["args"])
    assert len(asked.urls) == len(here)
    servers = {f"{RELEASE}-{chart}-{name}" for name in ("nats", "postgres")}
    assert set(of_kind(found, "StatefulSet")) - servers == {f"{RELEASE}-{chart}-{name}" for name in here}


def test_the_servers_of_a_cluster_find_each_other_and_keep_every_stream_together(tmp_path: Path) -> None:
    found = objects("region", example("eu"))
    brokers = of_kind(found, "StatefulSet")[f"{FULL}-nats"]["spec"]
    peers = of_kind(found, "Service")[brokers["serviceName"]]["spec"]
    assert (peers["clusterIP"], peers["publishNotReadyAddresses"]) == ("None", True)
    spec = brokers["template"]["spec"]
    args = parser().parse_args(spec["initContainers"][0]["args"])
    members = [f"{FULL}-nats-{number}.{FULL}-nats-peers:6222" for number in range(brokers["replicas"])]
    assert (names(args.cluster), len(members)) == (members, 3)
    assert args.server_name == "$(POD_NAME)"
    ensure_passwords(tmp_path, [*users(MESH), ROUTE, link_user("eu")])
    out = tmp_path / "nats.conf"
    asked = [one for one in spec["initContainers"][0]["args"] if not one.startswith(("--secrets-dir", "--out"))]
    assert main([*asked, f"--secrets-dir={tmp_path}", f"--out={out}"]) == 0
    cluster = json.loads(out.read_text())["cluster"]
    assert [route.rpartition("@")[2] for route in cluster["routes"]] == members
    assert cluster["tls"]["verify"] is True
    ports = {port["name"]: port["containerPort"] for port in spec["containers"][0]["ports"]}
    assert ports["routes"] == 6222
    (certificate,) = of_kind(found, "Certificate").values()
    assert {member.partition(":")[0] for member in members} <= set(certificate["spec"]["dnsNames"])
    for values in ("eu", "us"):
        (job,) = of_kind(objects("region", example(values)), "Job").values()
        assert parser().parse_args(job["spec"]["template"]["spec"]["containers"][0]["args"]).replicas == 3


def test_the_hubs_tower_knows_where_the_services_of_each_region_are() -> None:
    sets = of_kind(objects("hub", example("hub")), "StatefulSet")
    (tower,) = sets[f"{RELEASE}-hub-control-tower"]["spec"]["template"]["spec"]["containers"]
    regions = TypeAdapter(dict[str, Address]).validate_json(str(environment(tower)["CROSSDOCK_REGIONS"]))
    assert list(regions) == example("hub")["nats"]["leaves"]
    for region, address in regions.items():
        assert address.of("order-release", 8101) == f"http://{region}-region-order-release.crossdock-{region}.svc:8101"


def test_a_tower_beside_a_joined_region_is_refused() -> None:
    values = example("eu")
    values["services"]["control-tower"] = {"enabled": True}
    with pytest.raises(helm.HelmError, match="has its tower there"):
        objects("region", values)


def test_a_further_service_is_one_block() -> None:
    values = example("minimal") | {"services": {"yard-control": {"port": 8108, "tag": "2.0.0"}}}
    found = objects("region", values)
    made = container(found, "yard-control")
    assert made["image"] == "crossdock/yard-control:2.0.0"
    assert container(found, "notification")["image"].endswith(":0.1.0")
    (secret,) = of_kind(found, "Secret").values()
    assert {"nats-yard-control.password", "yard-control"} <= set(secret["data"])


def test_a_release_of_one_service_touches_no_other() -> None:
    def templates(tag: str | None) -> dict[str, Any]:
        values = example("us")
        if tag:
            values["services"]["carrier-gateway"]["tag"] = tag
        found = of_kind(objects("region", values), "StatefulSet")
        return {name: one["spec"]["template"] for name, one in found.items()}

    before, after = templates(None), templates("9.9.9")
    assert [name for name in before if before[name] != after[name]] == [f"{FULL}-carrier-gateway"]


def test_partitions_are_shared_by_the_pods_that_always_run() -> None:
    found = objects("region", example("eu"))
    replicas = {
        name: environment(container(found, name))["CROSSDOCK_REPLICAS"]
        for name in ("inventory-sync", "carrier-gateway", "notification")
    }
    assert replicas == {"inventory-sync": "2", "carrier-gateway": "2", "notification": "1"}


def test_lag_scales_by_the_leaders_figures_and_not_at_all_without() -> None:
    (scaler,) = of_kind(objects("region", example("eu")), "ScaledObject").values()
    (trigger,) = scaler["spec"]["triggers"]
    here = f'{{namespace="{NAMESPACE}",job="carrier-gateway"}}'
    assert f"max by (durable) (crossdock_lag{here})" in trigger["metadata"]["query"]
    assert f"max(crossdock_durables_missing{here}) == 0" in trigger["metadata"]["query"]
    assert trigger["metadata"]["ignoreNullValues"] == "false"
    assert scaler["spec"]["fallback"]["behavior"] == "currentReplicasIfHigher"


def test_hub_and_region_find_each_other() -> None:
    hub = objects("hub", example("hub"))
    leaves = of_kind(hub, "Service")["trial-hub-nats-leaves"]["spec"]
    assert leaves["ports"][0]["port"] == 7422
    address = example("eu")["hub"]["address"]
    assert address.endswith(":7422")
    region = of_kind(objects("region", example("eu")), "StatefulSet")[f"{FULL}-nats"]["spec"]["template"]["spec"]
    assert f"--hub={address}" in region["initContainers"][0]["args"]
    assert "eu" in example("hub")["nats"]["leaves"]
    assert manifests("hub", example("hub"))
