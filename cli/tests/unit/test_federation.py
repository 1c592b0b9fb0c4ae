"""A hub and its regions on one machine: which ports, folders and services each has."""

import json
from pathlib import Path

import pytest

from crossdock_cli import federation
from crossdock_cli.failures import CliError, Exit
from crossdock_cli.layout import LINK, Layout
from crossdock_cli.mesh import Mesh
from crossdock_cli.parts import service_env
from crossdock_cli.preflight import ports
from crossdock_cli.servers import StartFailure, leaves


def meshes(folder: Path, *regions: str, **more: object) -> list[Layout]:
    return federation.layouts(Layout(state_dir=str(folder), base_port=9300, **more), regions)  # type: ignore[arg-type]


def test_without_regions_there_is_one_mesh(tmp_path: Path) -> None:
    (whole,) = meshes(tmp_path)
    assert (whole.place.kind, whole.region, len(whole.services())) == ("whole", "eu", 7)


def test_the_hub_runs_the_tower_and_each_region_the_rest(tmp_path: Path) -> None:
    hub, eu, us = meshes(tmp_path, "eu", "us")
    assert (hub.place.kind, hub.services(), hub.with_sandbox) == ("hub", ["control-tower"], False)
    assert (eu.place.kind, eu.region, "control-tower" in eu.services(), eu.with_sandbox) == (
        "region",
        "eu",
        False,
        True,
    )
    bound = [port for layout in (hub, eu, us) for port, _ in ports(layout)]
    assert len(set(bound)) == len(bound)
    assert (hub.port(LINK), "the regions' links") in ports(hub)
    regions = json.loads(hub.settings["REGIONS"])
    assert {name: address["moved"] for name, address in regions.items()} == {"eu": 1300, "us": 1400}


def test_a_region_joins_with_the_password_its_hub_made(tmp_path: Path) -> None:
    hub, eu, us = meshes(tmp_path, "eu", "us")
    with pytest.raises(StartFailure, match="holds no hub"):
        leaves(eu)
    hub.save()
    listening = leaves(hub)
    assert listening is not None
    assert set(listening.passwords or ()) == {"eu", "us"}
    joining = leaves(us)
    assert joining is not None
    assert joining.hub == f"nats://leaf-us:{(listening.passwords or {})['us']}@127.0.0.1:{hub.port(LINK)}"


def test_customers_of_a_region_are_sent_to_the_hubs_tower(tmp_path: Path) -> None:
    hub, eu, _ = meshes(tmp_path, "eu", "us")
    hub.save()
    env = service_env(eu, "notification")
    assert env["CROSSDOCK_TRACKING_URL"] == hub.service_url("control-tower")
    assert env["CROSSDOCK_TRACKING_KEYS_FILE"] == service_env(hub, "control-tower")["CROSSDOCK_TRACKING_KEYS_FILE"]


@pytest.mark.parametrize("name", ["hub", "demo", "EU", "e u", ""])
def test_a_name_that_is_none_of_a_region_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(CliError, match="cannot name a region") as caught:
        meshes(tmp_path, "eu", name)
    assert caught.value.code is Exit.USAGE


def test_three_meshes_share_no_outside_server(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="--nats-url"):
        meshes(tmp_path, "eu", nats_url="nats://broker:4222")


def test_all_meshes_of_a_folder_are_known_and_their_layouts_read_back(tmp_path: Path) -> None:
    layouts = meshes(tmp_path, "eu", "us")
    for layout in layouts:
        layout.save()
    assert [mesh.layout for mesh in Mesh.known(tmp_path)] == sorted(layouts, key=lambda layout: layout.state_dir)
    with pytest.raises(CliError, match="not running"):
        Mesh.find(tmp_path)
