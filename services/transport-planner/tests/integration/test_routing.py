"""A routing rule written at the control tower is in force a few seconds later, and gone when it is withdrawn."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx import ASGITransport

from canonical.metadata import Document
from chassis.host import make_app
from chassis.metadata import Bucket
from chassis.testing import LocalMesh, eventually

from transport_planner.app import build
from transport_planner.settings import ServiceSettings

pytestmark = pytest.mark.integration

STRIKE: dict[str, Any] = {"place": 1, "countries": ["FR"], "max_parcels": 8, "forbid": ["swiftparcel"]}


async def write(mesh: LocalMesh, revision: int, body: dict[str, Any] | None) -> None:
    tower = await mesh.connect("control-tower")
    about = {"actor": "ada", "reason": "a strike", "changed_at": datetime.now(UTC), "revision": revision}
    await Bucket(lambda: tower).put(Document(kind="routing-rule", name="strike", body=body, **about))
    await tower.close()


async def test_a_rule_is_in_force_until_it_is_withdrawn(mesh: LocalMesh, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rules]]\nname = "own"\nchoose = "fastest"\n')
    common = (await mesh.settings("transport-planner")).model_dump()
    service = build(ServiceSettings(**common | {"routing_rules_file": rules}))
    await service.start()
    try:
        async with httpx.AsyncClient(transport=ASGITransport(make_app(service)), base_url="http://planner") as web:

            async def are(*wanted: str) -> bool:
                answer = await web.get("/routing-rules")
                return answer.is_success and [rule["name"] for rule in answer.json()["rules"]] == list(wanted)

            await eventually(lambda: are("own"))
            await write(mesh, 1, STRIKE)
            await eventually(lambda: are("strike", "own"))
            (strike, _) = (await web.get("/routing-rules")).json()["rules"]
            assert {**strike, "place": 1} == {**strike, **STRIKE}
            await write(mesh, 2, None)
            await eventually(lambda: are("own"))
    finally:
        await service.stop()
