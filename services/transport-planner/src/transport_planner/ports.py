"""What transport-planner needs from outside."""

from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from canonical.orders import ServiceLevel
from canonical.values import Address, Parcel
from chassis import Book, Effect

from transport_planner.domain import OrderIndex, Plan, Quote, ReturnPlan, Rule


class Consignment(BaseModel):
    """What is to be rated."""

    model_config = ConfigDict(frozen=True)

    shipment_id: str
    ship_from: Address
    ship_to: Address
    service_level: ServiceLevel
    parcels: tuple[Parcel, ...]


class RateShipment(Effect):
    """Ask what carriers want for a shipment."""

    name: ClassVar[str] = "rate-shipment"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    shipment_id: str
    consignment: Consignment


class RateReturn(Effect):
    """Ask what carriers want for bringing goods back."""

    name: ClassVar[str] = "rate-return"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    return_id: str
    consignment: Consignment


Plans = Book[Plan]
"""Plans by key."""


Returns = Book[ReturnPlan]
"""Plans of returns by return id."""


Orders = Book[OrderIndex]
"""The plans and returns of each order."""


class Routing(Protocol):
    """The routing rules in force."""

    @property
    def rules(self) -> Sequence[Rule]:
        """Return the rules in the order in which they are asked.

        Raises:
            Temporary: they are not known yet.
        """
        ...


class Rates(Protocol):
    """The transport management system."""

    async def quotes(self, consignment: Consignment) -> list[Quote]:
        """Return what carriers ask.

        Raises:
            Temporary: it is away.
            Permanent: it cannot rate this, or its answer cannot be read.
        """
        ...
