"""The configuration of a region's broker: one user per service, each with the rights the topology gives it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from canonical.subjects import ROOT
from canonical.topology import Topology, inbox_prefix, operator_permissions

ACCOUNT = "MESH"
PROVISIONER, OPERATOR = "provisioner", "operator"
MAX_PAYLOAD_BYTES = 8 * 1024 * 1024
REGIONAL = (f"{ROOT}.>", "raw.>", "retry.>", "dlq.>")
"""Subjects that never cross a leaf link as messages: streams are sourced from domain to domain instead."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a broker listens and where it keeps its streams."""

    client: str
    monitor: str
    store: Path
    server_name: str
    tls: Path | None = None
    """Folder of `tls.crt`, `tls.key` and `ca.crt`; clients connect in the clear without."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """How brokers are joined: a hub listens for its regions, a region calls its hub."""

    listen: str = ""
    passwords: Mapping[str, str] | None = None
    """The hub's side: the password of each region that may join."""
    hub: str = ""
    """The region's side: the hub's URL, its own user and password in it."""


def link_user(region: str) -> str:
    """Return the hub's user of a region's link."""
    return f"leaf-{region}"


def users(topology: Topology) -> list[str]:
    """Return the broker's users: every service, the provisioner, and a person who looks."""
    return [*topology.services, PROVISIONER, OPERATOR]


def broker_config(
    topology: Topology,
    region: str,
    passwords: Mapping[str, str],
    listening: Listening,
    leaves: Leaves | None = None,
) -> dict[str, object]:
    """Return the configuration: region = JetStream domain, fsync always, nothing allowed that the topology omits."""
    config: dict[str, object] = {
        "listen": listening.client,
        "http": listening.monitor,
        "server_name": listening.server_name,
        "max_payload": MAX_PAYLOAD_BYTES,
        "jetstream": {"store_dir": str(listening.store), "domain": region, "sync_interval": "always"},
        "accounts": {
            ACCOUNT: {
                "jetstream": "enabled",
                "users": [_user(topology, region, user, passwords[user]) for user in users(topology)],
            }
        },
    }
    if listening.tls:
        config["tls"] = _tls(listening.tls)
    if leaves and (joined := _leafnodes(leaves, listening.tls)):
        config["leafnodes"] = joined
    return config


def _user(topology: Topology, region: str, user: str, password: str) -> dict[str, object]:
    entry: dict[str, object] = {"user": user, "password": password}
    if user == PROVISIONER:
        entry["permissions"] = {"publish": ["$JS.API.>"], "subscribe": [f"{inbox_prefix(user)}.>"]}
        return entry
    rights = operator_permissions() if user == OPERATOR else topology.permissions(user, region)
    entry["permissions"] = {"publish": list(rights.publish), "subscribe": list(rights.subscribe)}
    return entry


def _tls(folder: Path) -> dict[str, object]:
    return {"cert_file": str(folder / "tls.crt"), "key_file": str(folder / "tls.key")}


def _leafnodes(leaves: Leaves, tls: Path | None) -> dict[str, object]:
    if leaves.listen:
        allowed = [
            {"user": link_user(region), "password": password, "account": ACCOUNT}
            for region, password in (leaves.passwords or {}).items()
        ]
        found: dict[str, object] = {"listen": leaves.listen, "authorization": {"users": allowed}}
        return found | ({"tls": _tls(tls)} if tls else {})
    if not leaves.hub:
        return {}
    remote: dict[str, object] = {
        "url": leaves.hub,
        "account": ACCOUNT,
        "deny_imports": list(REGIONAL),
        "deny_exports": list(REGIONAL),
    }
    return {"remotes": [remote | ({"tls": {"ca_file": str(tls / "ca.crt")}} if tls else {})]}
