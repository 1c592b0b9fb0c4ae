"""Questions of the board: which orders are where, filtered as people ask for them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from control_tower.domain.parcels import TOLD_OF, Parcel, located
from control_tower.domain.stages import NAMES

CARRIES = """EXISTS (
    SELECT FROM number n WHERE n.value = :{kind} AND n.kind = '{kind}' AND n.correlation_id = j.correlation_id
)"""
CONDITIONS: Mapping[str, str] = MappingProxyType(
    {
        "before": "j.stage_at < :before",
        "company": "j.company = :company",
        "carrier": CARRIES.format(kind="carrier"),
        "site": CARRIES.format(kind="site"),
        "quiet_hours": "j.ended_at IS NULL AND j.last_at < now() - make_interval(secs => :quiet_hours * 3600)",
        "late": "j.ended_at IS NULL AND EXISTS (SELECT FROM deadline d WHERE d.correlation_id = j.correlation_id "
        "AND d.opened_at IS NOT NULL AND d.told < 3 AND d.met_at IS NULL AND d.due_at < now() AND :late)",
    }
)
"""What each filter asks of a journey; one that is not given asks nothing."""
COLUMNS = "correlation_id, stage, stage_at, first_at, last_at, events, company, region"
LISTED = "SELECT {columns} FROM journey j WHERE {where} ORDER BY stage_at DESC LIMIT :limit"
COLUMN = """
SELECT * FROM (
    SELECT {columns}, row_number() OVER w AS place, count(*) OVER (PARTITION BY stage) AS total
    FROM journey j WHERE j.ended_at IS NULL AND {where} WINDOW w AS (PARTITION BY stage ORDER BY stage_at DESC)
) AS ranked WHERE place <= :limit ORDER BY stage, place
"""
TOLD = """
SELECT e.body FROM ({listed}) AS j JOIN event e USING (correlation_id)
WHERE e.day BETWEEN CAST(j.first_at AT TIME ZONE 'UTC' AS date) AND CAST(j.last_at AT TIME ZONE 'UTC' AS date)
    AND (e.type LIKE :planned || '%' OR e.type LIKE :told || '%')
"""


class Filter(BaseModel):
    """Which orders are asked for; what is not given does not count."""

    stage: list[str] = Field(default=[], description="Stages; any when none is named.")
    before: AwareDatetime | None = Field(default=None, description="Those that came to their stage earlier.")
    company: str | None = Field(default=None, description="Owner or brand.")
    carrier: str | None = Field(default=None, description="A carrier that has, or had, a part of it.")
    site: str | None = Field(default=None, description="A site that ships, or shipped, a part of it.")
    quiet_hours: float | None = Field(default=None, gt=0, le=100_000, description="Nothing was heard for so long.")
    late: bool = Field(default=False, description="Only those past a time limit.")

    def where(self) -> tuple[str, dict[str, Any]]:
        """Return the condition and its values."""
        values = {name: value for name in CONDITIONS if (value := getattr(self, name))}
        asked = ["j.stage = ANY(:stages)", *(f"({CONDITIONS[name]})" for name in values)]
        return " AND ".join(asked), {"stages": self.stage or list(NAMES), **values}


class Board:
    """Orders by stage, as a list, and their parcels."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def listed(self, wanted: Filter, limit: int) -> list[dict[str, Any]]:
        """Return the orders asked for, those first that came to their stage last."""
        where, values = wanted.where()
        return await self._rows(LISTED.format(columns=COLUMNS, where=where), limit=limit, **values)

    async def columns(self, wanted: Filter, limit: int) -> list[dict[str, Any]]:
        """Return the newest open orders of each stage, with how many the stage has."""
        where, values = wanted.where()
        return await self._rows(COLUMN.format(columns=COLUMNS, where=where), limit=limit, **values)

    async def parcels(self, wanted: Filter, limit: int) -> list[Parcel]:
        """Return the parcels of the orders asked for, and where their carriers say they are."""
        where, values = wanted.where()
        told = TOLD.format(listed=LISTED.format(columns=COLUMNS, where=where))
        rows = await self._rows(told, limit=limit, planned=TOLD_OF[0], told=TOLD_OF[1], **values)
        return located((orjson.loads(row["body"]) for row in rows), datetime.now(UTC))

    async def _rows(self, query: str, **parameters: Any) -> list[dict[str, Any]]:  # noqa: ANN401  any SQL value
        async with self._engine.connect() as connection:
            return [dict(row._mapping) for row in await connection.execute(text(query), parameters)]
