"""Three nats-servers on loopback, one cluster: ports and folders of their own, the passwords of the first."""

import json
from pathlib import Path

from canonical import topology
from chassis.local.nats import NatsServer
from chassis.local.ports import HOST, free_port

REGION = "eu"


class Member(NatsServer):
    """One server of a cluster; with `is_cut_off` its next start finds none of the others."""

    def __init__(self, name: str, folder: Path, routes: list[int], route_port: int) -> None:
        super().__init__(
            folder=folder, port=free_port(), monitor_port=free_port(), topology=topology.load(), region=REGION
        )
        self.name, self._routes, self._route_port = name, routes, route_port
        self.is_cut_off = False

    @property
    def monitor_url(self) -> str:
        """Where the server answers for itself."""
        return f"http://{HOST}:{self.monitor_port}"

    def write_config(self) -> Path:
        """Write the server's configuration with its part of the cluster."""
        path = super().write_config()
        config = json.loads(path.read_text())
        config["server_name"] = self.name
        own, routes = (free_port(), [free_port()]) if self.is_cut_off else (self._route_port, self._routes)
        config["cluster"] = {
            "name": REGION,
            "listen": f"{HOST}:{own}",
            "routes": [f"nats://{HOST}:{port}" for port in routes],
        }
        path.write_text(json.dumps(config, indent=1))
        return path


def cluster(folder: Path, size: int = 3) -> list[Member]:
    """Return the members of a cluster, not yet started."""
    routes = [free_port() for _ in range(size)]
    members = [Member(f"n{place}", folder / f"n{place}", routes, port) for place, port in enumerate(routes)]
    for member in members[1:]:
        member.passwords = members[0].passwords
    return members
