"""The provisioner makes what the topology says once, and finds nothing to do after that."""

import asyncio
from pathlib import Path

from canonical import topology
from chassis.local import NatsServer
from chassis.local.ports import free_port
from chassis.provision import provision_blocking


async def test_provisioning_twice_changes_nothing(tmp_path: Path) -> None:
    mesh = topology.load()
    server = NatsServer(folder=tmp_path, port=free_port(), monitor_port=free_port(), topology=mesh, region="eu")
    server.start()
    try:
        password = server.passwords["provisioner"]
        first = await asyncio.to_thread(provision_blocking, server.url, password, "eu")
        again = await asyncio.to_thread(provision_blocking, server.url, password, "eu")
    finally:
        server.stop()
    assert {*mesh.streams, *(topology.bucket_stream(name) for name in mesh.buckets)} <= set(first.created)
    assert (again.created, again.updated, sorted(again.unchanged)) == ([], [], sorted(first.created))
