"""The configuration of a region's broker: one user per service, each with the rights the topology gives it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from canonical.federation import link_permissions, never_crossing
from canonical.topology import Permissions, Topology, inbox_prefix, operator_permissions

ACCOUNT = "MESH"
PROVISIONER, OPERATOR = "provisioner", "operator"
ROUTE = "route"
"""Who the servers of a cluster are to each other; no client may connect as it."""
MAX_PAYLOAD_BYTES = 8 * 1024 * 1024
PING = "10s"
"""How often a broker with a link asks the other side, so that one that hangs is noticed within half a minute."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The servers that keep each stream together."""

    listen: str
    """Where this one listens for the others."""
    members: tuple[str, ...]
    """Where each of them is, `host:port`, this one too."""
    password: str
    """What they prove themselves to each other with."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a broker listens and where it keeps its streams."""

    client: str
    monitor: str
    store: Path
    server_name: str
    tls: Path | None = None
    """Folder of `tls.crt`, `tls.key` and `ca.crt`; clients connect in the clear without."""
    cluster: Cluster | None = None


@dataclass(frozen=True, slots=True)
class Leaves:
    """How brokers are joined: a hub listens for its regions, a region calls its hub."""

    listen: str = ""
    passwords: Mapping[str, str] | None = None
    """The hub's side: the password of each region that may join."""
    hub: str = ""
    """The region's side: the hub's URL, its own user and password in it."""


def users(topology: Topology) -> list[str]:
    """Return the broker's users: every service, the provisioner, and a person who looks."""
    return [*topology.services, PROVISIONER, OPERATOR]


def link_user(region: str) -> str:
    """Return the hub's user of a region's link."""
    return f"leaf-{region}"


def broker_config(
    topology: Topology,
    region: str,
    passwords: Mapping[str, str],
    listening: Listening,
    leaves: Leaves | None = None,
) -> dict[str, object]:
    """Return the configuration: region = JetStream domain, fsync always, nothing allowed that the topology omits."""
    entries = [_user(user, passwords[user], _rights(topology, region, user)) for user in users(topology)]
    config: dict[str, object] = {
        "listen": listening.client,
        "http": listening.monitor,
        "server_name": listening.server_name,
        "max_payload": MAX_PAYLOAD_BYTES,
        "jetstream": {"store_dir": str(listening.store), "domain": region, "sync_interval": "always"},
        "accounts": {ACCOUNT: {"jetstream": "enabled", "users": entries}},
    }
    if listening.tls:
        config["tls"] = _tls(listening.tls)
    if listening.cluster:
        config["cluster"] = _cluster(listening.cluster, region, listening.tls)
    if leaves and leaves.listen:
        entries += [
            _user(link_user(name), password, link_permissions(topology, name))
            | {"allowed_connection_types": ["LEAFNODE"]}
            for name, password in (leaves.passwords or {}).items()
        ]
        tls = {"tls": _tls(listening.tls)} if listening.tls else {}
        # a region reaches the hub only where it was told to: the hub may not be there under its own address
        config |= {"ping_interval": PING, "leafnodes": {"listen": leaves.listen, "no_advertise": True, **tls}}
    if leaves and leaves.hub:
        config |= {"ping_interval": PING, "leafnodes": {"remotes": [_remote(topology, leaves.hub, listening.tls)]}}
    return config


def _user(user: str, password: str, rights: Permissions) -> dict[str, object]:
    permissions = {"publish": list(rights.publish), "subscribe": list(rights.subscribe)}
    return {"user": user, "password": password, "permissions": permissions}


def _rights(topology: Topology, region: str, user: str) -> Permissions:
    if user == PROVISIONER:
        return Permissions(publish=("$JS.API.>",), subscribe=(f"{inbox_prefix(user)}.>",))
    return operator_permissions() if user == OPERATOR else topology.permissions(user, region)


def _cluster(cluster: Cluster, region: str, tls: Path | None) -> dict[str, object]:
    found: dict[str, object] = {
        "name": f"crossdock-{region}",
        "listen": cluster.listen,
        "authorization": {"user": ROUTE, "password": cluster.password},
        "routes": [f"nats://{ROUTE}:{cluster.password}@{member}" for member in cluster.members],
        # clients know every server by its setting: those of the cluster may be known by other names among themselves
        "no_advertise": True,
    }
    if tls:
        found["tls"] = _tls(tls) | {"ca_file": str(tls / "ca.crt"), "verify": True}
    return found


def _tls(folder: Path) -> dict[str, object]:
    return {"cert_file": str(folder / "tls.crt"), "key_file": str(folder / "tls.key")}


def _remote(topology: Topology, hub: str, tls: Path | None) -> dict[str, object]:
    denied = never_crossing(topology)
    remote = {"url": hub, "account": ACCOUNT, "deny_imports": denied, "deny_exports": denied}
    return remote | ({"tls": {"ca_file": str(tls / "ca.crt")}} if tls else {})
