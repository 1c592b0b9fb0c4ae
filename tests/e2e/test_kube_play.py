"""The rendered region chart, started for real by podman: orders reach their end in it, while a service is upgraded too.

podman knows Pods and volumes, not StatefulSets, Jobs and Services: each becomes the Pod it would make, named as the
Service that others call it by. Version 4.3 hands out Secrets undecoded, so they become ConfigMaps, and it makes curl of
httpGet probes, which no image has; the test asks instead.
"""

import base64
import os
import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from charts import Object, Values, containers, example, objects

from canonical import topology

from crossdock_cli.world import Wish, World

from .engines import output, require_images, wait_ready

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1200)]

NETWORK, BASE, SANDBOX_PORT = "crossdock-test", 9100, 9190
FULL = "trial-region"
ORDERS, RUN_SECONDS, ORDERS_PER_SECOND = 100, 300.0, 2.0
UPGRADED, NEXT = "carrier-gateway", "0.1.1-trial"
WRONG = ("lost", "duplicate_effects", "ghost_effects")
MESH = topology.load()
URLS = {name: f"http://127.0.0.1:{entry.port - 8100 + BASE}/health/ready" for name, entry in MESH.services.items()}
MOST = 4096
UNKNOWN_TO_PODMAN = {"topologySpreadConstraints", "serviceAccountName", "enableServiceLinks"}


def values() -> Values:
    """Return the minimal example with the images this machine has."""
    own = example("minimal")
    nats, postgres = (split(os.environ.get(f"{name}_IMAGE", "")) for name in ("NATS", "POSTGRES"))
    own["image"] = {"registry": "localhost"}
    if nats:
        own["nats"]["image"] = nats
    if postgres:
        own["database"]["embedded"]["image"] = postgres
    return own


def split(image: str) -> dict[str, str]:
    """Return an image's name in the form of the values; nothing of nothing."""
    repository, _, tag = image.rpartition(":")
    return {"registry": "localhost", "repository": repository, "tag": tag} if repository else {}


def pod(one: Object) -> Object:
    """Return the Pod that podman is given for what runs."""
    template = one["spec"].get("template", one)
    spec = {key: value for key, value in template["spec"].items() if key not in UNKNOWN_TO_PODMAN}
    name = one["metadata"]["name"]
    claims = [
        {"name": claim["metadata"]["name"], "emptyDir": {}} for claim in one["spec"].get("volumeClaimTemplates", [])
    ]
    spec["volumes"] = [*spec.get("volumes", []), *claims]
    for volume in spec["volumes"]:
        if secret := volume.pop("secret", None):
            volume["configMap"] = {"name": secret["secretName"]} | {k: v for k, v in secret.items() if k == "items"}
    for container in containers(spec):
        play(container)
    labels = template["metadata"]["labels"] | {"apps.kubernetes.io/pod-index": "0"}
    # the other kind is removed after its end, which podman 4.3 does too early on a busy machine
    kept = {"io.podman.annotations.init.container.type": "always"}
    metadata = {"name": name, "labels": labels, "annotations": kept}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def play(container: Object) -> None:
    """Change a container to what podman understands."""
    for probe in ("startupProbe", "livenessProbe", "readinessProbe", "lifecycle"):
        container.pop(probe, None)
    for entry in container.get("env", []):
        if reference := entry.get("valueFrom", {}).pop("secretKeyRef", None):
            entry["valueFrom"]["configMapKeyRef"] = reference
    for port in container.get("ports", []):
        if moved := published(port["containerPort"]):
            port["hostPort"] = moved


def published(port: int) -> int | None:
    """Return where a port of a pod is on this machine; only services and the sandbox are looked at."""
    looked_at = [*(entry.port for entry in MESH.services.values()), 8190]
    return port - 8100 + BASE if port in looked_at else None


def playable(found: list[Object]) -> list[Object]:
    """Return what podman can start: configuration, then the servers, then what needs them."""
    first = {f"{FULL}-nats": 0, f"{FULL}-postgres": 0}
    runs = [one for one in found if one["kind"] in {"StatefulSet", "Deployment", "Job"}]
    runs.sort(key=lambda one: first.get(one["metadata"]["name"], 1 if one["kind"] == "Job" else 2))
    return [*(config_map(one) for one in found if one["kind"] == "Secret"), *(pod(one) for one in runs)]


def config_map(secret: Object) -> Object:
    """Return a Secret's values in the form that podman decodes."""
    values_of = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": secret["metadata"]["name"]},
        "data": values_of,
    }


def configuration() -> str:
    """Return podman's settings for a machine without systemd, where limits cannot be raised to podman's own."""
    limits = [("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)]
    lower = [(name, min(MOST, resource.getrlimit(kind)[1])) for name, kind in limits]
    bounded = ", ".join(f'"{name}={limit}:{limit}"' for name, limit in lower)
    return f'[containers]\ndefault_ulimits = [{bounded}]\n[engine]\ncgroup_manager = "cgroupfs"\n'


def podman(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, patched: pytest.MonkeyPatch) -> Path:
    """A folder for what is played, and podman's settings in it."""
    made = tmp_path_factory.mktemp("kube")
    (made / "containers.conf").write_text(configuration())
    patched.setenv("CONTAINERS_CONF", str(made / "containers.conf"))
    return made


def play_all(file: Path, played: list[Object], *options: str) -> None:
    file.write_text(yaml.safe_dump_all(played))
    done = podman("kube", "play", "--network", NETWORK, *options, str(file))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def played() -> list[Object]:
    return playable(objects("region", values()))


@pytest.fixture(scope="module")
def world(folder: Path, played: list[Object]) -> Iterator[World]:
    require_images(
        "podman", sorted({container["image"] for one in pods(played) for container in containers(one["spec"])})
    )
    podman("network", "create", NETWORK)
    file = folder / "region.yaml"
    try:
        play_all(file, played)
        try:
            wait_ready(URLS | {"sandbox": f"http://127.0.0.1:{SANDBOX_PORT}/_sandbox/progress"})
        except TimeoutError:
            show(played)
            raise
        yield World(f"http://127.0.0.1:{SANDBOX_PORT}")
    finally:
        podman("kube", "down", str(file))
        podman("network", "rm", "--force", NETWORK)


def pods(played: list[Object]) -> list[Object]:
    return [one for one in played if one["kind"] == "Pod"]


def show(played: list[Object]) -> None:
    """Print what the pods said."""
    print(output("podman", "ps", "--all"))
    for one in pods(played):
        for container in containers(one["spec"]):
            name = f"{one['metadata']['name']}-{container['name']}"
            print(name, podman("logs", "--tail", "8", name).stderr)


def upgraded(found: list[Object]) -> tuple[Object, str]:
    """Return the pod of the service that is upgraded, and its image."""
    (one,) = [one for one in pods(found) if one["metadata"]["name"] == f"{FULL}-{UPGRADED}"]
    return one, str(one["spec"]["containers"][0]["image"])


def ended(world: World) -> dict[str, Any]:
    """Wait until every order so far has its end and nothing is wrong; return the report, whatever it says."""
    deadline = time.monotonic() + RUN_SECONDS
    while True:
        report = world.report()
        is_clean = report["delivered"] == report["orders"] and not any(report[name] for name in WRONG)
        if is_clean or time.monotonic() > deadline:
            return {name: report[name] for name in ("delivered", *WRONG)}
        time.sleep(1.0)


def clean(orders: int) -> dict[str, Any]:
    """Return the report of a world in which so many orders were delivered, and nothing went wrong."""
    return {"delivered": orders} | dict.fromkeys(WRONG, 0)


def test_orders_reach_their_end_in_the_rendered_chart(world: World) -> None:
    before = world.progress()["orders"]
    world.run(Wish(orders=ORDERS, seed=5))
    assert ended(world) == clean(before + ORDERS)


def test_one_services_next_tag_while_orders_flow(world: World, folder: Path, played: list[Object]) -> None:
    after = values()
    after["services"][UPGRADED] = {**after["services"].get(UPGRADED, {}), "tag": NEXT}
    (_, now), (next_pod, image) = upgraded(played), upgraded(playable(objects("region", after)))
    assert image.endswith(f":{NEXT}")
    assert podman("tag", now, image).returncode == 0
    # passwords are made anew where there is no cluster to look up those of the release: the first ones stay
    changed = [*(one for one in played if one["kind"] == "ConfigMap"), next_pod]
    before = world.progress()["released"]
    world.run(Wish(orders=ORDERS, seed=6, rate=ORDERS_PER_SECOND))
    while world.progress()["released"] < before + ORDERS // 4:
        time.sleep(0.2)
    play_all(folder / "upgrade.yaml", changed, "--replace")
    assert world.progress()["released"] < before + ORDERS, "the upgrade came too late to meet orders"
    wait_ready({UPGRADED: URLS[UPGRADED]})
    assert ended(world) == clean(before + ORDERS)
    runs = podman("ps", "--format", "{{.Image}}").stdout.split()
    assert [one for one in runs if UPGRADED in one] == [image]
