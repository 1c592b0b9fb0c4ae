"""The ERP's shapes, in its own names."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator

Words = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f]+$")]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Item(_Wire):
    """A line of a sales order."""

    Item: int
    Material: Number
    Quantity: int = Field(gt=0, le=100_000)
    NetPrice: Decimal = Field(ge=0, max_digits=9, decimal_places=4)
    WeightGrams: int = Field(gt=0)


class ShipTo(_Wire):
    """The ship-to party."""

    Name: Words
    Street: Words
    City: Words
    PostalCode: Annotated[str, StringConstraints(min_length=1, max_length=16)]
    Country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    Email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
    Phone: str | None = None
    Language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "en"


class SalesOrder(_Wire):
    """A sales order."""

    SalesOrder: Number
    SoldToParty: Number
    ShippingCondition: Literal["STANDARD", "EXPRESS"]
    RequestedDeliveryDate: AwareDatetime
    TransactionCurrency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    ShipTo: ShipTo
    Items: list[Item] = Field(min_length=1, max_length=500)

    @field_validator("Items")
    @classmethod
    def _numbers_differ(cls, items: list[Item]) -> list[Item]:
        if len({item.Item for item in items}) < len(items):
            raise ValueError("two items have the same number")
        return items


class ReturnItem(_Wire):
    """A line of a return."""

    Item: int
    Quantity: int = Field(gt=0, le=100_000)


class ReturnOrder(_Wire):
    """A return of a sales order."""

    ReturnId: Number
    Items: list[ReturnItem] = Field(min_length=1)


class Change(_Wire):
    """A row of the change feed."""

    ChangeSequence: int
    ChangeType: Literal["RELEASE", "CANCEL", "CHANGE", "RETURN"]
    ChangedAt: AwareDatetime
    SalesOrder: SalesOrder
    Reason: str | None = None
    Return: ReturnOrder | None = None


class StatusUpdate(_Wire):
    """A status written back."""

    UpdateId: str
    SalesOrder: str
    Status: str
    At: datetime
