"""docker-compose.yml is the mesh of `make up`, as hub and regions: same services, ports and settings, hardened."""

from importlib import import_module
from typing import Any, get_type_hints

import pytest
import yaml
from charts import ROOT
from pydantic import TypeAdapter

from canonical import topology
from canonical.federation import Place, part_of
from chassis.provisioner import names, parser, place

from control_tower.domain.mesh import Address
from crossdock_cli.layout import MONITOR, NATS, POSTGRES, SANDBOX, SMTP, Layout
from crossdock_cli.parts import SYSTEMS

MESH = topology.load()
FILE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = FILE["services"]
REGIONS = {"eu": ("", 8100), "us": ("us-", 8200)}
"""Prefix of a region's names, and the first of its ports on this machine."""
IN_A_REGION = part_of(MESH, Place("region", "eu")).services
AT_THE_HUB = part_of(MESH, Place("hub", "hub", tuple(REGIONS))).services
CASES = [pytest.param(region, name, id=f"{region}-{name}") for region in REGIONS for name in IN_A_REGION]
REFUSED_BY_1_29 = {"name", "include", "develop", "version"}


def published(service: str) -> set[tuple[str, int, int]]:
    """Return address, port here and port inside of everything a service publishes."""
    found = (str(entry).rsplit(":", 2) for entry in SERVICES[service].get("ports", []))
    return {(address, int(here), int(inside)) for address, here, inside in found}


@pytest.mark.parametrize(("region", "name"), CASES)
def test_a_service_is_that_of_the_topology(region: str, name: str) -> None:
    prefix, base = REGIONS[region]
    service, port = SERVICES[f"{prefix}{name}"], MESH.services[name].port
    env = service["environment"]
    assert published(f"{prefix}{name}") == {("127.0.0.1", port - 8100 + base, port)}
    assert env["CROSSDOCK_PORT"] == str(port)
    assert env["CROSSDOCK_REGION"] == region
    assert env["CROSSDOCK_NATS_USER"] == name
    assert env["CROSSDOCK_NATS_PASSWORD_FILE"] == f"/run/crossdock/nats-{name}.password"
    assert env["CROSSDOCK_NATS_URL"] == f"tls://nats-{region}:4222"
    assert env["CROSSDOCK_DATABASE_URL"] == f"postgresql+asyncpg://crossdock@{prefix}postgres:5432/{name}"
    assert service["image"].startswith(f"${{IMAGES:-crossdock}}/{name}:${{{name.upper().replace('-', '_')}_TAG:-")


@pytest.mark.parametrize(("region", "name"), CASES)
def test_a_service_calls_the_sandbox_as_in_the_local_mesh(region: str, name: str) -> None:
    prefix, _ = REGIONS[region]
    env = SERVICES[f"{prefix}{name}"]["environment"]
    for system, path in SYSTEMS.items():
        assert env[f"CROSSDOCK_{system}_URL"] == f"http://{prefix}sandbox:8190/{path}"
    known = get_type_hints(import_module(f"{name.replace('-', '_')}.app").build)["settings"].model_fields
    elsewhere = {f"{system}_URL" for system in SYSTEMS} | {"INVENTORY_URL", "SMTP_HOST", "SMTP_PORT"}
    given = {key.removeprefix("CROSSDOCK_") for key in env if key.startswith("CROSSDOCK_")}
    assert {key for key in given - elsewhere if key.lower() not in known} == set()


@pytest.mark.parametrize(
    ("provisioner", "region", "kind"),
    [("hub-provisioner", "hub", "hub"), ("provisioner", "eu", "region"), ("us-provisioner", "us", "region")],
)
def test_each_place_makes_its_part_of_the_topology(provisioner: str, region: str, kind: str) -> None:
    args = parser().parse_args(SERVICES[provisioner]["command"])
    where = place(args.region, names(args.leaves), args.hub)
    assert where == Place(kind, region, tuple(REGIONS) if kind == "hub" else ())
    assert set(names(args.services)) == set(part_of(MESH, where).services)
    assert args.nats_url == f"tls://nats-{region}:4222"


def test_the_hubs_tower_asks_the_services_of_the_regions_that_run() -> None:
    assert set(AT_THE_HUB) == {"control-tower"}
    tower = SERVICES["control-tower"]
    assert published("control-tower") == {("127.0.0.1", 8107, 8107)}
    assert tower["environment"]["CROSSDOCK_NATS_URL"] == "tls://nats-hub:4222"
    lines = (ROOT / "deploy/compose/two-regions.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert given["COMPOSE_PROFILES"].split(",") == ["sandbox", "second-region"]
    for more, regions in (("", ["eu"]), (given["MORE_REGIONS"], ["eu", "us"])):
        text = tower["environment"]["CROSSDOCK_REGIONS"].replace("${MORE_REGIONS:-}", more)
        found = TypeAdapter(dict[str, Address]).validate_json(text)
        asked = {address.of("notification", 8106) for address in found.values()}
        assert asked == {f"http://{REGIONS[region][0]}notification:8106" for region in regions}


@pytest.mark.parametrize("region", REGIONS)
def test_servers_are_on_the_ports_of_the_local_mesh(region: str) -> None:
    prefix, base = REGIONS[region]
    layout = Layout(state_dir="", base_port=base)
    nats, monitor, postgres = (layout.port(offset) for offset in (NATS, MONITOR, POSTGRES))
    assert published(f"nats-{region}") == {("127.0.0.1", nats, 4222), ("127.0.0.1", monitor, 8222)}
    assert published(f"{prefix}postgres") == {("127.0.0.1", postgres, 5432)}
    outside = {("127.0.0.1", layout.port(SANDBOX), 8190), ("127.0.0.1", layout.port(SMTP), 8191)}
    assert published(f"{prefix}sandbox") == outside


def test_profiles_choose_what_is_not_always_there() -> None:
    profiles = {name: service.get("profiles", [""]) for name, service in SERVICES.items()}
    always = {name for name, (profile,) in profiles.items() if profile == ""}
    once = {"owner", "prepare", "certificates", "provisioner"}
    assert always == {*MESH.services, *once, "hub-provisioner", "hub-postgres", "nats-hub", "nats-eu", "postgres"}
    assert {profile for (profile,) in profiles.values()} == {"", "sandbox", "second-region", "observability"}


@pytest.mark.parametrize("name", SERVICES)
def test_everything_is_hardened_and_listens_on_this_machine_only(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("privileged") is None
    assert {address for address, _, _ in published(name)} <= {"127.0.0.1"}
    if name != "owner":
        assert service.get("user", "10001:10001") == "10001:10001"
    if name != "grafana":
        assert service["read_only"] is True
    if service.get("restart"):
        assert service["deploy"]["resources"]["limits"]["memory"]


def test_nothing_in_it_is_refused_by_an_old_compose() -> None:
    assert REFUSED_BY_1_29.isdisjoint(FILE)
    for service in SERVICES.values():
        for needed in (service.get("depends_on") or {}).values():
            assert "required" not in needed
        assert "start_interval" not in service.get("healthcheck", {})


def test_every_volume_that_is_named_is_used_and_owned() -> None:
    used = {
        entry.split(":")[0]
        for service in SERVICES.values()
        for entry in service.get("volumes", [])
        if not entry.startswith(".")
    }
    assert used == set(FILE["volumes"])
    owned = {entry.split(":")[0] for entry in SERVICES["owner"]["volumes"]}
    assert owned == used - {"prometheus", "grafana"}


def test_prometheus_reads_every_service() -> None:
    config = yaml.safe_load((ROOT / "deploy/observability/prometheus/prometheus.yml").read_text())
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]}
    assert targets == {name: [f"{name}:{entry.port}"] for name, entry in MESH.services.items()}
