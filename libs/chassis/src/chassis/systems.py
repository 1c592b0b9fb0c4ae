"""The outside systems of a service: one gate for each, however many clients call it."""

from chassis.client import Http
from chassis.dependency import Dependency
from chassis.settings import Settings
from chassis.telemetry import Metrics


class Systems:
    """All systems a service calls."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._replicas, self._metrics = settings.replicas, metrics
        self._gates: dict[str, Dependency] = {}
        self._clients: list[Http] = []

    def gate(self, system: str, calls_per_second: float | None = None) -> Dependency:
        """Return the gate of a system; its limit, that of all replicas together, is set by the first who names it."""
        if system not in self._gates:
            self._gates[system] = Dependency(
                system, self._metrics, calls_per_second=calls_per_second, replicas=self._replicas
            )
        return self._gates[system]

    def http(
        self,
        *,
        base_url: str,
        system: str,
        timeout_seconds: float = 10.0,
        connections: int = 64,
        calls_per_second: float | None = None,
    ) -> Http:
        """Return a client for a system; without a base URL it calls many, which share no gate."""
        gate = self.gate(system, calls_per_second) if base_url else None
        client = Http(
            base_url=base_url, system=system, timeout_seconds=timeout_seconds, connections=connections, gate=gate
        )
        self._clients.append(client)
        return client

    def away(self) -> list[str]:
        """Return the systems whose breaker is open."""
        return [name for name, gate in self._gates.items() if gate.is_open]

    async def close(self) -> None:
        """Close all clients."""
        for client in self._clients:
            await client.close()
