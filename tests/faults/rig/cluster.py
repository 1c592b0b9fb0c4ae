"""Three nats-servers on loopback, one cluster: ports and folders of their own, the passwords of the first."""

from dataclasses import replace
from pathlib import Path

from canonical import topology
from chassis.broker_config import Cluster
from chassis.local.nats import NatsServer
from chassis.local.ports import HOST, free_port

REGION = "eu"


class Member(NatsServer):
    """One server of a cluster; with `is_cut_off` its next start finds none of the others."""

    def __init__(self, name: str, folder: Path, known: topology.Topology, cluster: Cluster) -> None:
        super().__init__(folder=folder, port=free_port(), monitor_port=free_port(), topology=known, region=REGION)
        self.name, self._whole = name, cluster
        self.is_cut_off = False

    @property
    def monitor_url(self) -> str:
        """Where the server answers for itself."""
        return f"http://{HOST}:{self.monitor_port}"

    def write_config(self) -> Path:
        """Write the server's configuration, the other servers in it or not."""
        alone = replace(self._whole, listen=f"{HOST}:{free_port()}", members=(f"{HOST}:{free_port()}",))
        self.cluster = alone if self.is_cut_off else self._whole
        return super().write_config()


def cluster(folder: Path, size: int = 3) -> list[Member]:
    """Return the members of a cluster, not yet started."""
    listeners = tuple(f"{HOST}:{free_port()}" for _ in range(size))
    members = [
        Member(f"n{place}", folder / f"n{place}", topology.load(), Cluster(listen, listeners, "between-servers"))
        for place, listen in enumerate(listeners)
    ]
    for member in members[1:]:
        member.passwords = members[0].passwords
    return members
