"""A store's edge as a process that can be killed, and what its tills say."""

import os
from collections.abc import Mapping
from pathlib import Path

import httpx

from edge.process import run
from edge.settings import EdgeSettings
from rig.process import START_SECONDS, Forked

INVENTORY = ("inventory_sync.app:build", "inventory_sync.settings:InventorySettings")


def serve(values: Mapping[str, object], log_path: str) -> None:
    """Be the edge."""
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    run(EdgeSettings(**values))  # type: ignore[arg-type]  pydantic reads them


class EdgeProcess(Forked):
    """One life of an edge; the next one on the same folder goes on."""

    def __init__(self, values: Mapping[str, object], log: Path) -> None:
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{values['port']}", timeout=30)
        super().__init__(serve, dict(values), str(log))

    def answers(self) -> bool:
        """Whether it takes requests."""
        try:
            return self.http.get("/health/live").is_success
        except httpx.TransportError:
            return False

    def adjust(self, adjustment: Mapping[str, object]) -> httpx.Response:
        """Post one adjustment."""
        return self.http.post("/adjustments", json=dict(adjustment))

    async def kill(self) -> None:
        """End it without warning."""
        await super().kill()
        self.http.close()

    def waiting(self) -> int:
        """Return how many adjustments are not taken in yet."""
        return int(self.http.get("/status").json()["waiting"])


__all__ = ["INVENTORY", "START_SECONDS", "EdgeProcess"]
