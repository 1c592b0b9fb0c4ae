"""A hub and regions in network namespaces of the test's own, joined by wires that can be cut."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from canonical.federation import HUB, Place
from chassis.broker_config import Leaves
from chassis.local.nats import NatsServer
from chassis.testing.federation import Federation

WIRE = "wire"
"""The interface of a region's wire to the hub, in the region's namespace."""
EVERYWHERE = "0.0.0.0"
WIRE_BITS = 20_000_000
"""A wire carries so many bits a second, where the kernel has that: a backlog then takes its time."""


def missing() -> str:
    """Return why there can be no namespaces here; empty when there can."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        return "namespaces need root and iproute2"
    name = f"xd{os.getpid()}-probe"
    if _try("ip", "netns", "add", name):
        return "the kernel makes no network namespace here"
    _ip("netns", "del", name)
    return ""


def _try(*command: str) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, check=True)


class Wires:
    """The namespaces by place: the test reaches each over a wire of its own, and another joins a region to the hub."""

    def __init__(self, regions: Sequence[str]) -> None:
        self.regions = tuple(regions)
        self._tag = f"xd{os.getpid() % 100_000}"

    def namespace(self, place: str) -> str:
        """Return the namespace of the hub or of a region."""
        return f"{self._tag}-{place}"

    def host(self, place: str) -> str:
        """Return the address at which the test reaches a place."""
        return f"10.213.{self._number(place)}.2"

    def hub_seen_from(self, region: str) -> str:
        """Return the hub's address at the far end of a region's wire."""
        return f"10.214.{self._number(region)}.1"

    def _number(self, place: str) -> int:
        return 0 if place == HUB else 1 + self.regions.index(place)

    def lay(self) -> None:
        """Make the namespaces and the wires."""
        for place in (HUB, *self.regions):
            space, number = self.namespace(place), self._number(place)
            outer = f"{self._tag}m{number}"
            _ip("netns", "add", space)
            _ip("-n", space, "link", "set", "lo", "up")
            _ip("link", "add", outer, "type", "veth", "peer", "name", "test", "netns", space)
            _ip("addr", "add", f"10.213.{number}.1/30", "dev", outer)
            _ip("link", "set", outer, "up")
            _ip("-n", space, "addr", "add", f"{self.host(place)}/30", "dev", "test")
            _ip("-n", space, "link", "set", "test", "up")
        for region in self.regions:
            self._join(region)

    def _join(self, region: str) -> None:
        hub, space, number = self.namespace(HUB), self.namespace(region), self._number(region)
        _ip("-n", space, "link", "add", WIRE, "type", "veth", "peer", "name", f"wire{number}", "netns", hub)
        _ip("-n", hub, "addr", "add", f"10.214.{number}.1/30", "dev", f"wire{number}")
        _ip("-n", space, "addr", "add", f"10.214.{number}.2/30", "dev", WIRE)
        for where, name in ((hub, f"wire{number}"), (space, WIRE)):
            _ip("-n", where, "link", "set", name, "up")
        _try("tc", "-n", space, "qdisc", "add", "dev", WIRE, "root", "netem", "rate", f"{WIRE_BITS}bit", "delay", "5ms")

    def cut(self) -> None:
        """Cut every region off: what is under way is lost, and nobody is told."""
        for region in self.regions:
            _ip("-n", self.namespace(region), "link", "set", WIRE, "down")

    def heal(self) -> None:
        """Mend every wire."""
        for region in self.regions:
            _ip("-n", self.namespace(region), "link", "set", WIRE, "up")

    def remove(self) -> None:
        """Take all of it away; the wires go with their namespaces."""
        for place in (HUB, *self.regions):
            _try("ip", "netns", "del", self.namespace(place))


class Housed(NatsServer):
    """A broker in a namespace."""

    def __init__(self, namespace: str, **about: Any) -> None:
        super().__init__(**about)
        self._namespace = namespace

    def command(self) -> list[str]:
        """Return the command line that runs the server in its namespace."""
        return ["ip", "netns", "exec", self._namespace, *super().command()]


class Apart(Federation):
    """A federation of which each broker is in a namespace of its own."""

    def __init__(self, folder: Path, wires: Wires) -> None:
        self.wires = wires
        super().__init__(folder, wires.regions)

    def host_of_hub(self, region: str | None = None) -> str:
        """Return where the hub listens for links, or where a region finds it."""
        return self.wires.hub_seen_from(region) if region else EVERYWHERE

    def server(self, folder: Path, place: Place, leaves: Leaves) -> NatsServer:
        """Return the broker of a place, not yet started."""
        space, host = self.wires.namespace(place.region), self.wires.host(place.region)
        return Housed(space, host=host, **self.about(folder, place, leaves))


@contextmanager
def apart(folder: Path, regions: Sequence[str]) -> Iterator[tuple[Apart, Wires]]:
    """Give a federation in namespaces, not yet started, and its wires."""
    wires = Wires(regions)
    wires.lay()
    federation = Apart(folder, wires)
    try:
        yield federation, wires
    finally:
        federation.stop()
        wires.remove()
