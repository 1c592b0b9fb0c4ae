"""The classes of events: how long an event may be kept depends on what it is about."""

from collections.abc import Mapping
from types import MappingProxyType

from canonical.subjects import domain_of

BUSINESS, OPS, NOTIFICATION = "business", "ops", "notification"
CLASSES = (BUSINESS, OPS, NOTIFICATION)
"""Facts of the business, what people and machines did about the mesh, and messages to customers by address."""

_OF_DOMAIN: Mapping[str, str] = MappingProxyType({"ops": OPS, "notification": NOTIFICATION})


def class_of(event_type: str) -> str:
    """Return the class of an event type, of whatever version, known or not."""
    return _OF_DOMAIN.get(domain_of(event_type), BUSINESS)
