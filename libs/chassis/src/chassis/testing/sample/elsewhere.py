"""The sample under another service's name, which hears of no change by itself: what it notes was redirected to it."""

from canonical.orders import OrderChanged
from chassis.documents import Book
from chassis.effect import Outcome
from chassis.service import Service
from chassis.testing.sample.app import Note, NoteStore
from chassis.testing.sample.changes import Mood
from chassis.testing.sample.settings import SampleSettings

SERVICE = "carrier-gateway"


async def keep_change(event: OrderChanged, *, notes: Book[Note], mood: Mood) -> Outcome:
    """Note a version."""
    version = await mood.judge(event)
    note = await notes.get(event.order_id) or Note(order_id=event.order_id)
    note.times += 1
    note.versions.append(version)
    notes.put(event.order_id, note)
    return []


def build(settings: SampleSettings) -> Service:
    """Return the service."""
    service = Service(SERVICE, settings)
    service.package = "chassis.testing.sample"
    service.on(OrderChanged, keep_change, notes=NoteStore, mood=Mood(settings.handler_seconds, settings.items_file))
    return service
