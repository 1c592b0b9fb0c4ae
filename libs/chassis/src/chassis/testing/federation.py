"""A hub and some regions as real brokers of one's own, joined as in production."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client

from canonical import topology
from canonical.federation import HUB, Place, part_of
from canonical.topology import Topology, inbox_prefix
from chassis.broker_config import Leaves, link_user
from chassis.broker_passwords import ensure_passwords
from chassis.local.nats import NatsServer
from chassis.local.ports import HOST, free_port
from chassis.provision import Provisioned, provision


class Federation:
    """One broker for the hub and one per region; a link goes through `doors[region]` where that port is given."""

    def __init__(
        self,
        folder: Path,
        regions: Sequence[str],
        *,
        mesh: Topology | None = None,
        link_port: int = 0,
        doors: Mapping[str, int] | None = None,
    ) -> None:
        self.mesh, self.regions = mesh or topology.load(), tuple(regions)
        self.link_port = link_port or free_port()
        self._folder, self._doors = folder, doors or {}
        self._ports: dict[str, tuple[int, int]] = {}
        self.links: dict[str, str] = {}
        for region in regions:
            self._invite(region)
        self.servers = {HUB: self._hub()} | {region: self._region(region) for region in regions}

    def _invite(self, region: str) -> None:
        user = link_user(region)
        self.links[region] = ensure_passwords(self._folder / HUB / "secrets", [user])[user].read_text()

    def _hub(self) -> NatsServer:
        known = {region: self.links[region] for region in self.regions}
        listening = Leaves(listen=f"{self.host_of_hub()}:{self.link_port}", passwords=known)
        return self.server(self._folder, self.place(HUB), listening)

    def _region(self, region: str) -> NatsServer:
        door = self._doors.get(region, self.link_port)
        hub = f"nats://{link_user(region)}:{self.links[region]}@{self.host_of_hub(region)}:{door}"
        return self.server(self._folder, self.place(region), Leaves(hub=hub))

    def host_of_hub(self, region: str | None = None) -> str:
        """Return where the hub listens for links, or where a region finds it."""
        return HOST

    def server(self, folder: Path, place: Place, leaves: Leaves) -> NatsServer:
        """Return the broker of a place, not yet started."""
        return NatsServer(**self.about(folder, place, leaves))

    def about(self, folder: Path, place: Place, leaves: Leaves) -> dict[str, Any]:
        """Return what the broker of a place is told; it keeps its ports."""
        port, monitor_port = self._ports.setdefault(place.region, (free_port(), free_port()))
        return {
            "folder": folder / place.region,
            "port": port,
            "monitor_port": monitor_port,
            "topology": part_of(self.mesh, place),
            "region": place.region,
            "leaves": leaves,
        }

    def place(self, region: str) -> Place:
        """Return what a broker of the federation carries."""
        return Place("hub", HUB, self.regions) if region == HUB else Place("region", region)

    async def start(self) -> None:
        """Start all brokers, and make their streams, buckets and durables."""
        for server in self.servers.values():
            server.start()
        for region in self.servers:
            await self.provision(region)

    async def provision(self, region: str) -> Provisioned:
        """Make what a place's broker lacks, and return what that was."""
        server = self.servers[region]
        return await provision(
            server.url, "provisioner", server.password("provisioner"), self.mesh, region, place=self.place(region)
        )

    async def join(self, region: str) -> None:
        """Have a further region join: the hub's broker starts again with one more name, then the region's does."""
        self._invite(region)
        self.servers[HUB].stop()
        self.regions += (region,)
        self.servers |= {HUB: self._hub(), region: self._region(region)}
        for joining in (HUB, region):
            self.servers[joining].start()
            await self.provision(joining)

    def stop(self) -> None:
        """End all brokers."""
        for server in self.servers.values():
            server.stop()

    async def connect(self, region: str, user: str) -> Client:
        """Return a plain connection of a user to a region's broker, or to the hub's."""
        server = self.servers[region]
        return await nats.connect(
            server.url, user=user, password=server.password(user), inbox_prefix=inbox_prefix(user)
        )
