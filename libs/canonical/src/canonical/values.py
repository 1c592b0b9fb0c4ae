"""Values that events share: money, addresses, quantities, parcels."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from canonical.event import Value
from canonical.ids import Sku, Sscc, TrackingNumber

PII: dict[str, Any] = {"classification": "pii"}
SECRET: dict[str, Any] = {"classification": "trade_secret"}

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Quantity = Annotated[int, Field(gt=0, le=100_000)]


class Money(Value):
    """An amount in a currency."""

    amount: Decimal = Field(max_digits=14, decimal_places=4)
    """Amount in the currency's major unit."""
    currency: Currency
    """ISO 4217 code."""


class Address(Value):
    """A postal address."""

    name: Text = Field(json_schema_extra=PII)
    """Person or company at the address."""
    street: Text = Field(json_schema_extra=PII)
    """Street and house number."""
    city: Text = Field(json_schema_extra=PII)
    """Town."""
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=16)] = Field(json_schema_extra=PII)
    """Postal code as the country writes it."""
    country: Country
    """ISO 3166-1 alpha-2 code."""
    region: str | None = None
    """State or province where the country needs it."""


class Contact(Value):
    """How a customer is reached."""

    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)] = Field(
        json_schema_extra=PII
    )
    """E-mail address."""
    phone: str | None = Field(default=None, json_schema_extra=PII)
    """Telephone number."""
    language: Language = "en"
    """ISO 639-1 code of the language to write in."""


class LineQuantity(Value):
    """A quantity of one order line."""

    line_number: int
    """Number of the order line."""
    sku: Sku
    """What it is."""
    quantity: Quantity
    """Pieces."""


class OrderLine(LineQuantity):
    """A line of an order."""

    unit_price: Money = Field(json_schema_extra=SECRET)
    """Price of one piece."""
    unit_weight_grams: int = Field(gt=0)
    """Weight of one piece, in grams."""


class Parcel(Value):
    """A packed parcel."""

    sscc: Sscc
    """Number on the parcel's logistic label."""
    weight_grams: int = Field(gt=0)
    """Gross weight, in grams."""
    length_mm: int = Field(gt=0)
    """Length, in millimetres."""
    width_mm: int = Field(gt=0)
    """Width, in millimetres."""
    height_mm: int = Field(gt=0)
    """Height, in millimetres."""
    contents: tuple[LineQuantity, ...]
    """What is inside."""


class BookedParcel(Value):
    """A parcel the carrier has accepted."""

    sscc: Sscc
    """Number on the parcel's logistic label."""
    tracking_number: TrackingNumber
    """The carrier's number of the parcel."""
    label_ref: str
    """Where the carrier's label is found."""
