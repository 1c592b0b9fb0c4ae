"""The stock of one SKU at one site: what lies there and how much of it is set aside."""

from dataclasses import dataclass


class Oversold(Exception):
    """A rule tried to set aside more than is free; no rule does."""


@dataclass(slots=True)
class Shelf:
    """Pieces on hand and pieces set aside; what is set aside never exceeds what was free when it was set aside.

    A store may have sold more than the books knew of: then fewer than none are on hand until somebody counts.
    """

    sku: str
    site: str
    on_hand: int = 0
    allocated: int = 0

    @property
    def available(self) -> int:
        """Return what may still be promised; never negative."""
        return max(0, self.on_hand - self.allocated)

    def receive(self, quantity: int) -> None:
        """Put pieces on the shelf."""
        self.on_hand += quantity

    def reserve(self, quantity: int) -> None:
        """Set pieces aside.

        Raises:
            Oversold: fewer are free.
        """
        if quantity > self.available:
            raise Oversold(f"{quantity} of {self.sku} at {self.site} wanted, {self.available} free")
        self.allocated += quantity

    def release(self, quantity: int) -> None:
        """Make pieces that were set aside free again."""
        self.allocated -= min(quantity, self.allocated)

    def ship(self, quantity: int, *, reserved: int) -> None:
        """Take away pieces that left the building, `reserved` of which had been set aside."""
        self.on_hand -= min(quantity, max(0, self.on_hand))
        self.release(reserved)

    def lose(self, quantity: int) -> None:
        """Take away pieces that were set aside but are not there."""
        self.ship(quantity, reserved=quantity)

    def can_adjust(self, delta: int) -> bool:
        """Say whether a correction leaves no less than nothing."""
        return self.on_hand + delta >= 0

    def adjust(self, delta: int) -> None:
        """Correct the count; what is set aside stays, and the pick will show what is missing."""
        self.on_hand += delta
