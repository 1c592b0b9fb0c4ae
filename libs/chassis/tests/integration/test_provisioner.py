"""What containers run first: passwords, the broker's configuration, databases, streams; brokers joined as leaves."""

import asyncio
import datetime
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.request import urlopen

import asyncpg
import nats
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from canonical import topology
from chassis.broker import Broker, trust
from chassis.errors import StartupError
from chassis.local.nats import binary
from chassis.local.ports import free_port, wait_open
from chassis.provisioner import main
from chassis.telemetry import Metrics
from chassis.testing import LocalMesh, eventually

pytestmark = pytest.mark.integration


def certificates(folder: Path) -> Path:
    """Make a self-signed certificate for loopback that is its own authority."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "crossdock-test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "tls.crt").write_bytes(pem)
    (folder / "ca.crt").write_bytes(pem)
    (folder / "tls.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


@contextmanager
def served(config: Path, **ports: int) -> Iterator[None]:
    """Run nats-server on a configuration as it was written, except that its ports are free ones of this machine."""
    written = json.loads(config.read_text())
    written |= {"listen": f"127.0.0.1:{ports['client']}", "http": f"127.0.0.1:{ports['monitor']}"}
    if "leaf" in ports:
        written["leafnodes"]["listen"] = f"127.0.0.1:{ports['leaf']}"
    config.write_text(json.dumps(written))
    process = subprocess.Popen([binary(), "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert wait_open(ports["client"], 10, lambda: process.poll() is None)
        yield
    finally:
        process.terminate()
        process.wait(20)


def monitored(port: int, page: str) -> dict[str, object]:
    with urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5) as answer:
        return json.loads(answer.read())


async def test_a_region_is_provisioned_over_tls_and_joined_to_its_hub(tmp_path: Path, mesh: LocalMesh) -> None:
    secrets, tls = tmp_path / "secrets", certificates(tmp_path / "tls")
    hub = {"client": free_port(), "monitor": free_port(), "leaf": free_port()}
    region = {"client": free_port(), "monitor": free_port()}
    common = ["--secrets-dir", str(secrets), "--tls-dir", str(tls)]
    assert main(["secrets", "--secrets-dir", str(secrets), "--leaves", "eu,us"]) == 0
    for name, more in (("hub", ["--leaves", "eu,us"]), ("eu", ["--hub", f"127.0.0.1:{hub['leaf']}"])):
        out, store = tmp_path / f"{name}.conf", tmp_path / name
        assert main(["config", *common, "--region", name, "--out", str(out), "--store-dir", str(store), *more]) == 0
        assert out.stat().st_mode & 0o077 == 0

    with served(tmp_path / "hub.conf", **hub), served(tmp_path / "eu.conf", **region):
        url = f"tls://127.0.0.1:{region['client']}"
        (tmp_path / "database").write_text(mesh.postgres.url("postgres"))
        apply = ["apply", "--secrets-dir", str(secrets), "--region", "eu", "--nats-url", url]
        apply += ["--nats-ca-file", str(tls / "ca.crt"), "--database-url-file", str(tmp_path / "database")]
        apply += ["--services", "provisioned-one"]
        for _ in range(2):
            assert await asyncio.to_thread(main, apply) == 0
        connection = await asyncpg.connect(mesh.postgres.url("provisioned-one").replace("+asyncpg", ""))
        await connection.close()

        async def joined() -> bool:
            return monitored(hub["monitor"], "leafz").get("leafnodes") == 1

        await eventually(joined)
        settings = await mesh.settings(
            "order-release",
            nats_url=url,
            nats_password_file=secrets / "nats-order-release.password",
            nats_ca_file=tls / "ca.crt",
        )
        broker = Broker("order-release", settings, Metrics(), None, lambda: True)  # type: ignore[arg-type]  # it owns nothing
        await broker.connect()
        ack = await broker.client.jetstream().publish("cx.eu.order.released.v1.SITE.KEY", b"{}")
        assert (ack.stream, ack.domain) == ("ORDER", "eu")
        await broker.stop()
        await broker.close()
        assert monitored(hub["monitor"], "jsz?streams=1")["messages"] == 0


async def test_events_of_a_region_do_not_cross_the_leaf_link(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    hub = {"client": free_port(), "monitor": free_port(), "leaf": free_port()}
    region = {"client": free_port(), "monitor": free_port()}
    assert main(["secrets", "--secrets-dir", str(secrets), "--leaves", "eu"]) == 0
    for name, more in (("hub", ["--leaves", "eu"]), ("eu", ["--hub", f"127.0.0.1:{hub['leaf']}"])):
        out, store = str(tmp_path / f"{name}.conf"), str(tmp_path / name)
        common = ["--secrets-dir", str(secrets), "--region", name, "--out", out, "--store-dir", store]
        assert main(["config", *common, *more]) == 0
    with served(tmp_path / "hub.conf", **hub), served(tmp_path / "eu.conf", **region):
        apply = ["apply", "--secrets-dir", str(secrets), "--region", "eu"]
        for ports in (hub, region):
            # the same subjects at both ends: without the denials the hub would take in the region's events
            assert await asyncio.to_thread(main, [*apply, "--nats-url", f"nats://127.0.0.1:{ports['client']}"]) == 0
        client = await nats.connect(
            f"nats://127.0.0.1:{region['client']}",
            user="order-release",
            password=(secrets / "nats-order-release.password").read_text(),
            inbox_prefix=topology.inbox_prefix("order-release"),
        )
        await client.jetstream().publish("cx.eu.order.released.v1.SITE.KEY", b"{}")
        await client.close()
        assert monitored(region["monitor"], "jsz")["messages"] == 1
        assert monitored(hub["monitor"], "jsz")["messages"] == 0


def test_a_missing_password_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["config", "--secrets-dir", str(tmp_path), "--region", "eu", "--out", str(tmp_path / "nats.conf")]
    assert main(arguments) == 3
    said = capsys.readouterr().err
    assert said.startswith("provisioner: ")
    assert len(said.splitlines()) == 1


def test_a_broken_authority_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"missing\.crt"):
        trust(tmp_path / "missing.crt")


def test_ready_tells_what_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    assert main(["ready", "--wait-seconds=0", f"http://127.0.0.1:{port}/health/ready"]) == 3
    assert f"127.0.0.1:{port}/health/ready: ConnectError" in capsys.readouterr().err


def test_further_secrets_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    arguments = ["secrets", "--secrets-dir", str(tmp_path), "--also", "portal.secret"]
    assert main(arguments) == 0
    made = (tmp_path / "portal.secret").read_text()
    assert main(arguments) == 0
    assert (tmp_path / "portal.secret").read_text() == made
    assert (tmp_path / "portal.secret").stat().st_mode & 0o077 == 0
