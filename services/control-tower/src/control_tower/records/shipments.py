"""Everything kept of one shipment and its order."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from canonical import Envelope

EVENTS_OF = """
SELECT e.body FROM number n JOIN journey j USING (correlation_id) JOIN event e ON e.correlation_id = j.correlation_id
    AND e.day BETWEEN (j.first_at AT TIME ZONE 'UTC')::date AND (j.last_at AT TIME ZONE 'UTC')::date
WHERE n.value = :shipment AND n.kind = 'shipment' ORDER BY e.recorded_at DESC LIMIT :limit
"""
MOST = 2_000


class Shipments:
    """The events of shipments, with all they hold: what leaves here is chosen by `domain.tracking`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def events(self, shipment_id: str) -> list[Envelope]:
        """Return the latest events of the order a shipment belongs to; none when it is not known."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(text(EVENTS_OF), {"shipment": shipment_id, "limit": MOST})
            return [Envelope.model_validate_json(body) for body in rows.scalars()]
