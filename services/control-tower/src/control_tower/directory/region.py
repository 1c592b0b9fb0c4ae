"""The services of one region, over their HTTP interfaces: how each does, what failed, and what people ask of them."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from canonical import topology
from chassis import Http, Rejected, Service, Temporary

from control_tower.domain.mesh import Address, Node
from control_tower.domain.reasons import Waiting, of_call, of_letter

OPEN_TO_PEOPLE = (
    *("dead-letters", "replays", "carriers", "raw-messages", "shipments", "tracking", "notifications", "durability"),
    "effects",
)
"""The parts of a service's interface the page may use."""
ONE_LETTER = re.compile(r"dead-letters/\d+")
FRESH_SECONDS = 2.0
ANSWER_SECONDS = 5.0


class Region:
    """The topology's services in one region, each under its own address."""

    def __init__(self, service: Service, name: str, address: Address, *, is_alone: bool) -> None:
        self.name = name
        self._mesh = topology.load()
        others = {other: entry for other, entry in self._mesh.services.items() if other != service.name}
        self.titles = {other: other if is_alone else f"{name}/{other}" for other in others}
        """What each service is called here: by its region too, where there are several."""
        self._clients: dict[str, Http] = {
            other: service.http(
                base_url=address.of(other, entry.port), system=self.titles[other], timeout_seconds=ANSWER_SECONDS
            )
            for other, entry in others.items()
        }
        self._nodes: tuple[float, Sequence[Node]] = (0.0, ())

    @property
    def names(self) -> Sequence[str]:
        """The services of the region but this one."""
        return list(self._clients)

    async def ask(
        self,
        service: str,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> bytes:
        """Return the body of a service's answer.

        Raises:
            Rejected: it refuses, or there is no such service or part.
            Temporary: it does not answer.
        """
        if service not in self._clients or path.split("/", 1)[0] not in OPEN_TO_PEOPLE:
            raise Rejected(f"{service} has no {path} for people", status=404, body="")
        headers = {"content-type": "application/json"} if content else None
        if method == "GET" and ONE_LETTER.fullmatch(path):
            params = {**(params or {}), "masked": "true"}
        answer = await self._clients[service].request(
            method, f"/{path}", content=content or None, params=params, headers=headers
        )
        return answer.content

    async def groups(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Return the groups of failures of all services, and who did not answer."""
        found = await asyncio.gather(*(self._groups_of(name) for name in self._clients))
        groups = [{**group, "service": name, "region": self.name} for name, listed in found for group in listed or ()]
        return groups, [self.titles[name] for name, listed in found if listed is None]

    async def _groups_of(self, name: str) -> tuple[str, list[dict[str, Any]] | None]:
        try:
            return name, (await self._clients[name].request("GET", "/dead-letters/groups")).json()
        except (Temporary, Rejected):
            return name, None

    async def waiting(self, correlation_id: str) -> tuple[list[Waiting], list[str]]:
        """Return the messages and calls a business transaction waits for, and which services did not answer."""
        found = await asyncio.gather(*(self._waiting_at(name, correlation_id) for name in self._clients))
        silent = [self.titles[name] for name, listed in found if listed is None]
        return [one for _, listed in found for one in listed or ()], silent

    async def _waiting_at(self, name: str, correlation_id: str) -> tuple[str, list[Waiting] | None]:
        about = {"correlation_id": correlation_id}
        try:
            letters = (await self._clients[name].request("GET", "/dead-letters", params=about)).json()
            pending = (await self._clients[name].request("GET", "/effects", params=about)).json()
        except (Temporary, Rejected):
            return name, None
        title = self.titles[name]
        calls = [of_call(title, call, pending["away"]) for call in pending["calls"]]
        return name, [*(of_letter(title, letter) for letter in letters), *calls]

    async def nodes(self) -> Sequence[Node]:
        """Return how every service does, as of at most two seconds ago."""
        asked_at, nodes = self._nodes
        if time.monotonic() - asked_at > FRESH_SECONDS:
            nodes = await asyncio.gather(*(self._node(name) for name in self._clients))
            self._nodes = time.monotonic(), nodes
        return nodes

    async def _node(self, name: str) -> Node:
        domain = self._mesh.services[name].domain
        try:
            health = await self._clients[name].request("GET", "/metrics")
        except (Temporary, Rejected) as error:
            return Node(name=name, domain=domain, region=self.name, answers=False, why=[str(error)])
        _, groups = await self._groups_of(name)
        return Node(
            name=name,
            domain=domain,
            region=self.name,
            answers=True,
            dead=sum(group["dead"] for group in groups or ()),
            waiting=sum(group["waiting"] for group in groups or ()),
            **_read(health.text),
        )


def _read(metrics: str) -> dict[str, Any]:
    """Return what the page shows of a service's metrics."""
    samples = [sample for family in text_string_to_metric_families(metrics) for sample in family.samples]

    def total(name: str) -> float:
        return sum(sample.value for sample in samples if sample.name == name)

    lags = [sample.value for sample in samples if sample.name == "crossdock_lag"]
    breakers = {s.labels["system"]: int(s.value) for s in samples if s.name == "crossdock_breaker_state"}
    return {
        "lag": int(sum(lags)) if lags else None,
        "calls_waiting": int(total("crossdock_effects_waiting")),
        "outbox_age_seconds": round(total("crossdock_outbox_age_seconds"), 1),
        "systems": {system: ("closed", "half open", "open")[state] for system, state in breakers.items()},
    }
