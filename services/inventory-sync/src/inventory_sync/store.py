"""The tables of inventory-sync, and all its SQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col, select

from canonical.warehouse import PickShorted, ReturnReceived
from chassis import Store

from inventory_sync.domain import Demand, Shelf
from inventory_sync.ports import StoreAdjustments


class ShelfRow(SQLModel, table=True):
    """The stock of an SKU at a site."""

    __tablename__ = "inventory_sync_shelf"

    sku: str = Field(primary_key=True)
    site: str = Field(primary_key=True)
    on_hand: int
    allocated: int


class DemandRow(SQLModel, table=True):
    """An order's allocations and what of it waits."""

    __tablename__ = "inventory_sync_demand"

    order_id: str = Field(primary_key=True)
    doc: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class WaitingRow(SQLModel, table=True):
    """An order's place in the queue of an SKU."""

    __tablename__ = "inventory_sync_waiting"

    sku: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    is_unknown: bool


class EdgeRow(SQLModel, table=True):
    """How far a store's edge has come."""

    __tablename__ = "inventory_sync_edge"

    edge: str = Field(primary_key=True)
    site: str
    taken: int
    taken_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class EdgeStore(Store):
    """Fulfils `Edges`; two batches of one edge wait for each other."""

    async def taken(self, edge: str) -> int:
        """Return the number of the last adjustment taken in from an edge; 0 when there is none yet."""
        row = await self.session.get(EdgeRow, edge, with_for_update=True)
        return row.taken if row else 0

    async def take(self, edge: str, site: str, number: int, at: datetime) -> None:
        """Note that all up to this number are taken in."""
        await self.session.merge(EdgeRow(edge=edge, site=site, taken=number, taken_at=at))

    async def of_site(self, site: str) -> Sequence[EdgeRow]:
        """Return the edges of a store, for reading."""
        query = select(EdgeRow).where(col(EdgeRow.site) == site).order_by(col(EdgeRow.edge))
        return list((await self.session.execute(query)).scalars())


class InventoryStore(Store):
    """Fulfils `Ledger` within the chassis' transaction; every row is read once and served from memory after that."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self._shelves: dict[str, dict[str, tuple[Shelf, ShelfRow]]] = {}
        self._demands: dict[str, tuple[Demand, DemandRow] | None] = {}
        self._queues: dict[str, dict[str, WaitingRow]] = {}
        self._joined: dict[str, dict[str, WaitingRow]] = {}

    async def warm(self, messages: Sequence[BaseModel]) -> None:
        """Load what a batch needs: its orders, its SKUs' shelves, and the queues that may be served."""
        await self._load_demands({message.order_id for message in messages if hasattr(message, "order_id")})
        await self._load_shelves({sku for message in messages for sku in _skus(message)})
        await self._load_queues({sku for message in messages for sku in _freed(message)})

    async def shelves(self, skus: Collection[str]) -> list[Shelf]:
        """Return the shelves of these SKUs at every site, locked, by SKU and site."""
        await self._load_shelves(skus)
        return [self._shelves[sku][site][0] for sku in sorted(skus) for site in sorted(self._shelves[sku])]

    async def shelf(self, sku: str, site: str) -> Shelf:
        """Return one shelf, an empty new one where there was none."""
        await self._load_shelves({sku})
        if site not in self._shelves[sku]:
            row = ShelfRow(sku=sku, site=site, on_hand=0, allocated=0)
            self.session.add(row)
            self._shelves[sku][site] = (Shelf(sku, site), row)
        return self._shelves[sku][site][0]

    async def keep_shelves(self, shelves: Collection[Shelf]) -> None:
        """Keep the new counts."""
        for shelf in shelves:
            row = self._shelves[shelf.sku][shelf.site][1]
            row.on_hand, row.allocated = shelf.on_hand, shelf.allocated

    async def all_shelves(self, *, sku: str | None, site: str | None, limit: int) -> Sequence[Shelf]:
        """Return counts for reading, by SKU and site."""
        query = select(ShelfRow).order_by(col(ShelfRow.sku), col(ShelfRow.site)).limit(limit)
        if sku:
            query = query.where(col(ShelfRow.sku) == sku)
        if site:
            query = query.where(col(ShelfRow.site) == site)
        rows = (await self.session.execute(query)).scalars()
        return [Shelf(row.sku, row.site, row.on_hand, row.allocated) for row in rows]

    async def known(self, skus: Collection[str]) -> set[str]:
        """Return those of the SKUs that have a shelf anywhere."""
        query = select(ShelfRow.sku).where(col(ShelfRow.sku).in_(set(skus))).distinct()
        return set((await self.session.execute(query)).scalars())

    async def demand(self, order_id: str) -> Demand | None:
        """Return what is known of an order."""
        await self._load_demands({order_id})
        known = self._demands[order_id]
        return known[0] if known else None

    async def read_demand(self, order_id: str) -> Demand | None:
        """Return an order for reading, without locking it."""
        row = await self.session.get(DemandRow, order_id)
        return Demand.model_validate(row.doc) if row else None

    async def queue(self, sku: str) -> Sequence[Demand]:
        """Return the orders that wait for an SKU, the longest waiting first."""
        await self._load_queues({sku})
        places = sorted(self._queues[sku].values(), key=lambda row: (row.since, row.order_id))
        return [known[0] for row in places if (known := self._demands[row.order_id])]

    async def keep(self, demand: Demand) -> None:
        """Keep an order's new state, and its places in the queues."""
        doc = demand.model_dump(mode="json")
        known = self._demands.get(demand.order_id)
        held = {} if known is None else _waited_for(known[1].doc)
        if known is None:
            row = DemandRow(order_id=demand.order_id, doc=doc)
            self.session.add(row)
            self._demands[demand.order_id] = (demand, row)
        else:
            known[1].doc = doc
        await self._queue_up(demand, held)

    async def unknown_since(self, before: datetime) -> Sequence[str]:
        """Return the orders released before that moment which still wait for an SKU nobody has heard of."""
        query = (
            select(WaitingRow.order_id)
            .where(col(WaitingRow.is_unknown), col(WaitingRow.since) < before)
            .order_by(col(WaitingRow.order_id))
            .limit(500)
        )
        return sorted(set((await self.session.execute(query)).scalars()))

    async def _queue_up(self, demand: Demand, held: dict[str, bool]) -> None:
        wanted = demand.skus_waited_for()
        for sku in held.keys() - wanted.keys():
            await self._leave(sku, demand.order_id)
        for sku, is_unknown in wanted.items():
            if sku not in held:
                self._join(
                    WaitingRow(sku=sku, order_id=demand.order_id, since=demand.released_at, is_unknown=is_unknown)
                )
            elif held[sku] != is_unknown and (place := await self._place(sku, demand.order_id)):
                place.is_unknown = is_unknown

    def _join(self, place: WaitingRow) -> None:
        self.session.add(place)
        self._joined.setdefault(place.sku, {})[place.order_id] = place
        if place.sku in self._queues:
            self._queues[place.sku][place.order_id] = place

    async def _leave(self, sku: str, order_id: str) -> None:
        place = await self._place(sku, order_id)
        self._queues.get(sku, {}).pop(order_id, None)
        if self._joined.get(sku, {}).pop(order_id, None):
            self.session.expunge(place)
        elif place:
            await self.session.delete(place)

    async def _place(self, sku: str, order_id: str) -> WaitingRow | None:
        place = self._queues.get(sku, {}).get(order_id) or self._joined.get(sku, {}).get(order_id)
        return place or await self.session.get(WaitingRow, (sku, order_id))

    async def _load_shelves(self, skus: Collection[str]) -> None:
        if missing := sorted(set(skus) - self._shelves.keys()):
            self._shelves |= {sku: {} for sku in missing}
            query = select(ShelfRow).where(col(ShelfRow.sku).in_(missing))
            query = query.order_by(col(ShelfRow.sku), col(ShelfRow.site)).with_for_update()
            for row in (await self.session.execute(query)).scalars():
                self._shelves[row.sku][row.site] = (Shelf(row.sku, row.site, row.on_hand, row.allocated), row)

    async def _load_demands(self, order_ids: Collection[str]) -> None:
        if missing := sorted(set(order_ids) - self._demands.keys()):
            self._demands |= dict.fromkeys(missing)
            query = select(DemandRow).where(col(DemandRow.order_id).in_(missing))
            query = query.order_by(col(DemandRow.order_id)).with_for_update()
            for row in (await self.session.execute(query)).scalars():
                self._demands[row.order_id] = (Demand.model_validate(row.doc), row)

    async def _load_queues(self, skus: Collection[str]) -> None:
        if missing := sorted(set(skus) - self._queues.keys()):
            self._queues |= {sku: dict(self._joined.get(sku, {})) for sku in missing}
            query = select(WaitingRow).where(col(WaitingRow.sku).in_(missing)).with_for_update()
            for row in (await self.session.execute(query)).scalars():
                self._queues[row.sku][row.order_id] = row
            await self._load_demands({order_id for sku in missing for order_id in self._queues[sku]})


def _skus(message: BaseModel) -> set[str]:
    lines = (*getattr(message, "lines", ()), *getattr(message, "shorted", ()))
    return {str(line.sku) for line in lines} | _freed(message)


def _freed(message: BaseModel) -> set[str]:
    """Return the SKUs of which a message may free pieces for those who wait."""
    if isinstance(message, PickShorted):
        return {line.sku for line in message.shorted}
    if isinstance(message, ReturnReceived):
        return {line.sku for line in message.lines}
    if isinstance(message, StoreAdjustments):
        return {one.sku for one in message.adjustments}
    sku = getattr(message, "sku", None)
    return {sku} if isinstance(sku, str) else set()


def _waited_for(doc: dict[str, Any]) -> dict[str, bool]:
    return {line["sku"]: False for line in doc["waiting"]} | {line["sku"]: True for line in doc["unknown"]}
