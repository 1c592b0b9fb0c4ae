"""What the sample service listens to."""

from collections.abc import Iterable

from pydantic import BaseModel

from canonical.orders import OrderEvent, OrderReleased
from chassis.documents import Book, Document, Documents
from chassis.effect import Outcome
from chassis.service import Service
from chassis.settings import Settings


class Note(BaseModel):
    """What is remembered of an order."""

    order_id: str
    times: int = 0
    versions: list[str] = []


class NoteRow(Document, table=True):
    """Table of notes."""

    __tablename__ = "note"


class NoteStore(Documents[Note]):
    """Notes by order id."""

    table = NoteRow
    model = Note

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the order a message is about."""
        return [message.order_id] if isinstance(message, OrderEvent) else []


async def take_note(event: OrderReleased, *, notes: Book[Note]) -> Outcome:
    """Remember an order, and how often it was heard of."""
    note = await notes.get(event.order_id) or Note(order_id=event.order_id)
    note.times += 1
    notes.put(event.order_id, note)
    return []


def empty(settings: Settings) -> Service:
    """Return a service of the inventory domain with the sample's tables that listens to nothing yet."""
    service = Service("inventory-sync", settings)
    service.package = "chassis.testing.sample"
    return service


def build(settings: Settings) -> Service:
    """Return the sample service at its smallest."""
    service = empty(settings)
    service.on(OrderReleased, take_note, notes=NoteStore)
    service.projection("notes", NoteStore, events=(OrderReleased,))
    return service
