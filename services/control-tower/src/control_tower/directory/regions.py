"""All regions: what is asked of each, and put together."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson

from chassis import Rejected, Service

from control_tower.directory.region import Region
from control_tower.domain.catalogue import lineage
from control_tower.domain.mesh import Address, Edge, Node
from control_tower.domain.reasons import Waiting


class Regions:
    """The services of every region; where there is but one, nobody needs to name it."""

    def __init__(self, service: Service, addresses: Mapping[str, Address]) -> None:
        alone = len(addresses) == 1
        self._regions = {name: Region(service, name, at, is_alone=alone) for name, at in addresses.items()}

    @property
    def each(self) -> Collection[Region]:
        """Every region."""
        return self._regions.values()

    async def ask(
        self,
        service: str,
        method: str,
        path: str,
        *,
        region: str | None = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> bytes:
        """Return the body of a service's answer; the region must be named where there are several.

        Raises:
            Rejected: it refuses, there is no such service, region or part, or several regions have it.
            Temporary: it does not answer.
        """
        names = list(self._regions)
        if region is None and len(names) > 1:
            detail = f"add ?region= one of: {', '.join(names)}"
            body = orjson.dumps({"title": "Which region?", "status": 422, "detail": detail}).decode()
            raise Rejected(f"say of which region: {', '.join(names)}", status=422, body=body)
        wanted = region or names[0]
        if wanted not in self._regions:
            raise Rejected(f"there is no region {wanted}", status=404, body="")
        return await self._regions[wanted].ask(service, method, path, content=content, params=params)

    async def groups(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Return the groups of failures of all services, the largest first, and who did not answer."""
        found = await asyncio.gather(*(region.groups() for region in self.each))
        groups = [group for listed, _ in found for group in listed]
        groups.sort(key=lambda group: -(group["dead"] + group["waiting"] + group["in_hand"]))
        return groups, [name for _, silent in found for name in silent]

    async def waiting(self, correlation_id: str) -> tuple[list[Waiting], list[str]]:
        """Return the messages and calls a business transaction waits for, and which services did not answer."""
        found = await asyncio.gather(*(region.waiting(correlation_id) for region in self.each))
        return [one for listed, _ in found for one in listed], [name for _, silent in found for name in silent]

    async def nodes(self) -> Sequence[Node]:
        """Return how every service of every region does, as of at most two seconds ago."""
        return list(chain.from_iterable(await asyncio.gather(*(region.nodes() for region in self.each))))

    def edges(self, per_minute: Mapping[str, int]) -> list[Edge]:
        """Return who hears whom, with the events of the last minute."""
        asked = {name for region in self.each for name in region.names}
        return [
            Edge(
                publisher=line.source,
                consumer=line.target,
                types=line.events,
                per_minute=sum(per_minute.get(event_type, 0) for event_type in line.events),
            )
            for line in lineage()
            if line.target in asked
        ]
