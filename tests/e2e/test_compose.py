"""docker-compose.yml is the mesh: the stories of the outside world end in it as they do in the local one."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from testcontainers.compose import DockerCompose

from canonical import topology

from crossdock_cli import demo
from crossdock_cli.layout import Layout
from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

from .engines import IMAGES, ROOT, output, require_images, wait_ready
from .test_commands import crossdock

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1200)]

PROJECT = "crossdock-test"
OWN = [*topology.load().services, "provisioner", "sandbox"]


def compose_binary(folder: Path) -> str:
    """Return what understands `compose ...`: docker itself, else a word that leads to docker-compose."""
    if output("docker", "compose", "version"):
        return "docker"
    shim = folder / "docker"
    shim.write_text('#!/bin/sh\nshift\nexec docker-compose "$@"\n')
    shim.chmod(0o755)
    return str(shim)


def images() -> list[str]:
    """Return every image the mesh and the sandbox need, as docker-compose.yml names them."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    foreign = [os.environ.get(f"{name}_IMAGE", "") for name in ("NATS", "POSTGRES")]
    defaults = [services[name]["image"].split(":-")[1].removesuffix("}") for name in ("nats-eu", "postgres")]
    named = [given or default for given, default in zip(foreign, defaults, strict=True)]
    return [*(f"{IMAGES}/{name}:0.1.0" for name in OWN), *named]


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    require_images("docker", images())
    folder = tmp_path_factory.mktemp("compose")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COMPOSE_PROJECT_NAME", PROJECT)
        binary = compose_binary(folder)
        waits = binary == "docker"  # docker-compose 1.29 knows no `up --wait`
        started = DockerCompose(str(ROOT), profiles=["sandbox"], wait=waits, docker_command_path=binary)
        try:
            with started:
                layout = Layout(
                    state_dir=str(folder),
                    nats_url="tls://127.0.0.1:8122",
                    nats_secrets=str(folder),
                    database_url="postgresql://127.0.0.1:8132",
                )
                found = Mesh(layout)
                urls = {name: f"{found.url(name)}/health/ready" for name in topology.load().services}
                try:
                    wait_ready(urls | {"sandbox": f"{found.url('sandbox')}/_sandbox/progress"})
                except TimeoutError:
                    print("\n".join(started.get_logs()))
                    raise
                for secret in ("nats-operator.password", "tls/ca.crt"):
                    (folder / Path(secret).name).write_text(secret_of(secret))
                patched.setenv("SSL_CERT_FILE", str(folder / "ca.crt"))
                yield found
        finally:
            print(output("docker", "ps", "--all", "--filter", f"name={PROJECT}"))


def secret_of(name: str) -> str:
    """Return a secret file of the mesh's volume."""
    volume = f"{PROJECT}_secrets:/run/crossdock:ro"
    command = ["docker", "run", "--rm", "--volume", volume, "--entrypoint", "cat", f"{IMAGES}/provisioner:0.1.0"]
    return subprocess.run([*command, f"/run/crossdock/{name}"], capture_output=True, text=True, check=True).stdout


def test_the_demo_finds_the_mesh_and_delivers_100_orders(mesh: Mesh, tmp_path: Path) -> None:
    done = crossdock("demo", "--state-dir", tmp_path, "--base-port", mesh.layout.base_port, "--orders", 100, "--json")
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["delivered"] == 100


@pytest.mark.parametrize(("scenario", "orders"), [("mixed", 40)])
def test_story(mesh: Mesh, scenario: str, orders: int) -> None:
    outcome = demo.run(mesh, Wish(orders=orders, seed=11, scenario=scenario), timeout=240.0)
    wrong = {name: outcome.report[name] for name in ("lost_ids", "duplicates", "ghosts")}
    assert outcome.is_complete, (outcome.report, wrong)
    assert outcome.is_clean, wrong
    assert outcome.report["delivered"] + outcome.report["cancelled"] == orders


def test_containers_run_as_nobody_and_cannot_write_to_their_root(mesh: Mesh) -> None:
    assert mesh.layout.with_sandbox
    for name in topology.load().services:
        (container,) = output("docker", "ps", "--quiet", "--filter", f"name={PROJECT}[-_]{name}[-_]1").split()
        assert output("docker", "exec", container, "id", "-u").strip() == "10001"
        touched = subprocess.run(["docker", "exec", container, "touch", "/opt/crossdock/written"], check=False)
        assert touched.returncode != 0
