"""Shipments, tracking numbers, orders, raw messages; a batch is read with one query per table and written with one."""

from collections.abc import Sequence
from datetime import datetime

import orjson
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from canonical.transport import ShipmentPlanned
from canonical.warehouse import PickShorted
from chassis import Document, Documents, Store
from chassis.sql import fetch

from carrier_gateway.domain import Label, Manifest, OrderIndex, Pointer, Shipment
from carrier_gateway.domain.reports import Asked, Mapped, MappedBatch, RawMessage, pointer_key
from carrier_gateway.ports import BookShipment, CancelBooking


class ShipmentRow(Document, table=True):
    """Table of shipments."""

    __tablename__ = "carrier_shipments"


class PointerRow(Document, table=True):
    """Table of tracking numbers and of the facts that wait for their booking."""

    __tablename__ = "tracking_numbers"


class OrderRow(Document, table=True):
    """Table of order indexes."""

    __tablename__ = "orders_at_carriers"


class ShipmentStore(Documents[Shipment]):
    """Shipments by id."""

    table = ShipmentRow
    model = Shipment


class PointerStore(Documents[Pointer]):
    """Tracking numbers by carrier and number."""

    table = PointerRow
    model = Pointer


class ManifestRow(Document, table=True):
    """Table of manifests."""

    __tablename__ = "manifest"


class ManifestStore(Documents[Manifest]):
    """Manifests by id."""

    table = ManifestRow
    model = Manifest


class OrderStore(Documents[OrderIndex]):
    """Indexes by order id."""

    table = OrderRow
    model = OrderIndex


OPEN = (
    "SELECT state FROM carrier_shipments WHERE (state ->> 'is_open') = 'true' AND (state ->> 'carrier_code') = :carrier"
)
QUIET = text(f"{OPEN} AND updated_at BETWEEN :oldest AND :before ORDER BY updated_at LIMIT :limit")
UNSUBSCRIBED = text(
    f"{OPEN} AND COALESCE(CAST(state ->> 'subscribed_until' AS timestamptz), '-infinity') < :before "
    "ORDER BY updated_at LIMIT :limit"
)


TO_CLOSE = text(
    "SELECT key FROM carrier_shipments WHERE (state ->> 'is_open') = 'true' "
    "AND (state ->> 'carrier_code') = :carrier AND state ->> 'site' = :site AND state ->> 'manifest_id' IS NULL"
)


class CarrierDesk(Store):
    """The tables together: which shipment a report needs is known only after its tracking number was read."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self.shipments = ShipmentStore(session)
        self.pointers = PointerStore(session)
        self.orders = OrderStore(session)
        self.manifests = ManifestStore(session)

    async def warm(self, messages: Sequence[BaseModel]) -> None:
        """Load and lock what a batch needs: tracking numbers, then orders, then shipments."""
        pointers: set[str] = set()
        orders: set[str] = set()
        shipments: set[str] = set()
        for message in messages:
            match message:
                case ShipmentPlanned():
                    orders.add(message.order_id)
                    shipments.add(message.shipment_id)
                case PickShorted():
                    orders.add(message.order_id)
                case MappedBatch():
                    pointers.update(
                        pointer_key(report.carrier_code, report.tracking_number)
                        for found in message.messages
                        for report in found.reports
                    )
                case Asked():
                    shipments.update(message.shipment_ids)
                case BookShipment() | CancelBooking():
                    shipments.add(message.shipment_id)
                case _:
                    pass
        await self._load(pointers, orders, shipments)

    async def _load(self, pointers: set[str], orders: set[str], shipments: set[str]) -> None:
        await self.pointers.load(pointers)
        await self.orders.load(orders)
        for key in pointers:
            if (found := await self.pointers.get(key)) and found.shipment_id:
                shipments.add(found.shipment_id)
        await self.shipments.load(shipments)

    async def to_close(self, carrier: str, site: str) -> list[Shipment]:
        """Return what is booked at a carrier for a site and on no manifest yet, locked."""
        rows = await self.session.execute(TO_CLOSE, {"carrier": carrier, "site": site})
        keys = sorted(row.key for row in rows)
        await self.shipments.load(keys)
        return [shipment for key in keys if (shipment := await self.shipments.get(key))]

    async def quiet(self, carrier: str, oldest: datetime, before: datetime, limit: int) -> list[Shipment]:
        """Return a carrier's open shipments of which nothing was heard since before, the quietest first."""
        rows = await self.session.execute(
            QUIET, {"carrier": carrier, "oldest": oldest, "before": before, "limit": limit}
        )
        return [Shipment.model_validate(row.state) for row in rows]

    async def unsubscribed(self, carrier: str, before: datetime, limit: int) -> list[Shipment]:
        """Return a carrier's open shipments whose subscription ends before, or never began."""
        rows = await self.session.execute(UNSUBSCRIBED, {"carrier": carrier, "before": before, "limit": limit})
        return [Shipment.model_validate(row.state) for row in rows]

    async def flush(self) -> None:
        """Write what changed."""
        await self.pointers.flush()
        await self.orders.flush()
        await self.manifests.flush()
        await self.shipments.flush()


ADD_RAW = (
    "INSERT INTO raw_message (carrier_code, channel, digest, body, headers, request, received_at) "
    "SELECT u.carrier_code, u.channel, u.digest, u.body, u.headers::jsonb, u.request::jsonb, u.received_at FROM "
    "unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::timestamptz[]) "
    "AS u(carrier_code, channel, digest, body, headers, request, received_at)"
)
MAP_RAW = (
    "UPDATE raw_message r SET mapped_at = now(), outcome = v.outcome, facts = v.facts, unmapped = v.unmapped "
    "FROM unnest($1::bigint[], $2::text[], $3::int[], $4::int[]) AS v(seq, outcome, facts, unmapped) "
    "WHERE r.seq = v.seq AND r.mapped_at IS NULL RETURNING r.seq"
)
COLUMNS = "seq, carrier_code, channel, digest, body, headers, request, received_at"
WAITING = text(f"SELECT {COLUMNS} FROM raw_message WHERE mapped_at IS NULL ORDER BY seq LIMIT :limit")  # noqa: S608
ONE = text(f"SELECT {COLUMNS} FROM raw_message WHERE seq = :seq")  # noqa: S608
REOPEN = "UPDATE raw_message SET mapped_at = NULL, outcome = NULL WHERE seq = ANY($1::bigint[])"
COUNT_WAITING = text("SELECT count(*) FROM raw_message WHERE mapped_at IS NULL")
AGAIN = text(
    "UPDATE raw_message SET mapped_at = NULL, outcome = NULL WHERE mapped_at IS NOT NULL AND received_at >= :since "
    "AND (CAST(:carrier AS text) IS NULL OR carrier_code = :carrier)"
)
LISTED = text(
    "SELECT seq, carrier_code, channel, digest, octet_length(body) AS bytes, received_at, mapped_at, outcome, facts, "
    "unmapped FROM raw_message WHERE (CAST(:digest AS text) IS NULL OR digest = :digest) "
    "AND (CAST(:carrier AS text) IS NULL OR carrier_code = :carrier) ORDER BY seq DESC LIMIT :limit"
)
PERFORMANCE = text(
    "SELECT * FROM carrier_performance WHERE CAST(:carrier AS text) IS NULL OR carrier_code = :carrier "
    "ORDER BY carrier_code, origin, destination LIMIT 10000"
)
QUALITY = text("SELECT * FROM carrier_data_quality ORDER BY carrier_code")
WEEKS = text(
    "SELECT * FROM carrier_week WHERE CAST(:carrier AS text) IS NULL OR carrier_code = :carrier "
    "ORDER BY week DESC, carrier_code LIMIT 1000"
)
STANDING = text("""
SELECT c.carrier_code, day.*, (SELECT received_at FROM raw_message WHERE carrier_code = c.carrier_code
    ORDER BY seq DESC LIMIT 1) AS last_message_at
FROM unnest(CAST(:carriers AS text[])) AS c(carrier_code) CROSS JOIN LATERAL (
    SELECT count(*) AS messages, count(*) FILTER (WHERE outcome = 'dead') AS dead,
        COALESCE(sum(unmapped), 0) AS unmapped,
        count(*) FILTER (WHERE received_at > now() - interval '1 minute') AS last_minute
    FROM raw_message WHERE carrier_code = c.carrier_code AND received_at > now() - interval '24 hours') AS day
""")
DROP = text("DELETE FROM raw_message WHERE mapped_at IS NOT NULL AND received_at < :before")


class RawMessages(Store):
    """Carriers' messages as they came: kept in the transaction that is answered for, mapped once each."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self._new: list[RawMessage] = []

    def keep(self, message: RawMessage) -> None:
        """Keep a message; it is written when the transaction ends."""
        self._new.append(message)

    async def flush(self) -> None:
        """Write what is new."""
        new, self._new = self._new, []
        if new:
            await fetch(
                self.session,
                ADD_RAW,
                [message.carrier_code for message in new],
                [message.channel for message in new],
                [message.digest for message in new],
                [message.body for message in new],
                [orjson.dumps(message.headers).decode() for message in new],
                [orjson.dumps(message.request).decode() for message in new],
                [message.received_at for message in new],
            )

    async def mark(self, found: Sequence[Mapped]) -> set[int]:
        """Note messages as mapped; returns those that were not before, whoever else tried."""
        rows = await fetch(
            self.session,
            MAP_RAW,
            [message.seq for message in found],
            [message.outcome for message in found],
            [len(message.reports) for message in found],
            [message.unmapped for message in found],
        )
        return {row["seq"] for row in rows}

    async def reopen(self, seqs: Sequence[int]) -> None:
        """Have messages count as not mapped."""
        await fetch(self.session, REOPEN, list(seqs))

    async def one(self, seq: int) -> RawMessage | None:
        """Return a message."""
        row = (await self.session.execute(ONE, {"seq": seq})).first()
        return RawMessage.model_validate(dict(row._mapping)) if row else None

    async def waiting(self, limit: int) -> list[RawMessage]:
        """Return messages that are not mapped yet, oldest first."""
        rows = await self.session.execute(WAITING, {"limit": limit})
        return [RawMessage.model_validate(dict(row._mapping)) for row in rows]

    async def count_waiting(self) -> int:
        """Return how many messages are not mapped yet."""
        return int((await self.session.execute(COUNT_WAITING)).scalar_one())


ADD_LABELS = (
    "INSERT INTO label (shipment_id, tracking_number, media_type, content) SELECT * FROM "
    "unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) ON CONFLICT DO NOTHING"
)
LABEL = text("SELECT media_type, content FROM label WHERE shipment_id = :shipment_id AND tracking_number = :number")


class LabelStore(Store):
    """Labels: kept in the transaction that notes the booking, printed whether the carrier is there or not."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self._new: list[Label] = []

    def keep(self, label: Label) -> None:
        """Keep a label; it is written when the transaction ends, and the first of a parcel counts."""
        self._new.append(label)

    async def flush(self) -> None:
        """Write what is new."""
        new, self._new = self._new, []
        if new:
            await fetch(
                self.session,
                ADD_LABELS,
                [label.shipment_id for label in new],
                [label.tracking_number for label in new],
                [label.media_type for label in new],
                [label.content for label in new],
            )

    async def read(self, shipment_id: str, number: str) -> tuple[str, bytes] | None:
        """Return a label's media type and bytes; None when there is none."""
        rows = await self.session.execute(LABEL, {"shipment_id": shipment_id, "number": number})
        found = rows.one_or_none()
        return (found.media_type, found.content) if found else None
