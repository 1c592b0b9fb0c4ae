"""A 2xx is a promise: what carrier-gateway answered for is kept, however often it is killed meanwhile."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable

import httpx
import pytest

from crossdock_cli.mesh import Mesh

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(900)]

KILLS = int(os.environ.get("CROSSDOCK_FAULT_KILLS", "3"))
SENDERS = 8
BETWEEN = 40
"""How many webhooks are answered between two blows."""


@pytest.fixture(scope="module")
def own_mesh(start_mesh: Callable[[], Mesh]) -> Mesh:
    """A mesh that may be broken."""
    return start_mesh()


class Carrier:
    """Sends signed scans until it is told to stop, and remembers which were answered well."""

    def __init__(self, mesh: Mesh) -> None:
        self._url = f"{mesh.url('carrier-gateway')}/webhooks/swiftparcel"
        self._secret = (mesh.layout.secrets / "swiftparcel.secret").read_bytes().strip()
        self._count = 0
        self.kept: set[str] = set()
        self.refused: list[int] = []
        self.is_over = False

    async def send(self) -> None:
        async with httpx.AsyncClient(timeout=5.0) as client:
            while not self.is_over:
                self._count += 1
                scan = {"tracking_number": f"KILL{self._count:06d}", "code": "IT", "at": "2026-03-02T12:00:00Z"}
                body = json.dumps(scan).encode()
                signature = base64.b64encode(hmac.digest(self._secret, body, hashlib.sha256)).decode()
                try:
                    answer = await client.post(self._url, content=body, headers={"x-swift-signature": signature})
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                    continue
                if answer.is_success:
                    self.kept.add(hashlib.sha256(body).hexdigest())
                elif answer.status_code != 503:
                    self.refused.append(answer.status_code)


async def strike(mesh: Mesh, carrier: Carrier) -> None:
    """Kill the gateway again and again while webhooks come."""
    for _ in range(KILLS):
        answered = len(carrier.kept)
        while len(carrier.kept) < answered + BETWEEN:  # noqa: ASYNC110  what is counted has no event
            await asyncio.sleep(0.01)
        mesh.kill("carrier-gateway")
        await asyncio.to_thread(mesh.wait, "carrier-gateway")


def test_every_answer_is_kept(own_mesh: Mesh) -> None:
    carrier = Carrier(own_mesh)

    async def run() -> None:
        senders = [asyncio.create_task(carrier.send()) for _ in range(SENDERS)]
        await strike(own_mesh, carrier)
        carrier.is_over = True
        await asyncio.gather(*senders)

    asyncio.run(run())
    listed = httpx.get(
        f"{own_mesh.url('carrier-gateway')}/raw-messages", params={"carrier": "swiftparcel", "limit": 10_000}
    ).json()
    assert len(carrier.kept) >= KILLS * BETWEEN
    assert carrier.refused == []
    assert carrier.kept - {message["digest"] for message in listed} == set()
