"""Links to the tracking pages of shipments, signed with the keys the control tower reads."""

from datetime import timedelta

from canonical import tracking
from chassis import Clock, LiveFile


class TrackingLinks:
    """Links that open for some days, in a customer's language."""

    def __init__(self, *, base_url: str, keys: LiveFile[tuple[bytes, ...]], days: int, clock: Clock) -> None:
        self._base_url, self._keys, self._lasting, self._clock = base_url, keys, timedelta(days=days), clock

    def link(self, shipment_id: str, language: str) -> str:
        """Return the address of a shipment's page."""
        token = tracking.sign(shipment_id, self._clock.now() + self._lasting, self._keys.value())
        return f"{self._base_url.rstrip('/')}/t/{token}?lang={language}"


class NoLinks:
    """No tracking pages: messages carry no link."""

    def link(self, shipment_id: str, language: str) -> None:
        """Return no address."""
