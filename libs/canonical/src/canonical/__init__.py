"""The contract of the mesh: what an event is, where it goes, who owns it."""

from canonical.catalogue import EVENTS, UnknownEventType, event_class
from canonical.envelope import Envelope, decode, derived_id, seal
from canonical.event import CanonicalEvent
from canonical.subjects import publish_subject

__all__ = [
    "EVENTS",
    "CanonicalEvent",
    "Envelope",
    "UnknownEventType",
    "decode",
    "derived_id",
    "event_class",
    "publish_subject",
    "seal",
]
