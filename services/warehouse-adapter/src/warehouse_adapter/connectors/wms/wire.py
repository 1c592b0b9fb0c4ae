"""The WMS' shapes, in its own names."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Line(_Wire):
    """A quantity of a line."""

    line: int
    sku: str = Field(min_length=1, max_length=64)
    qty: int = Field(gt=0)


class PackedParcel(_Wire):
    """A packed parcel."""

    sscc: str = Field(pattern=r"^[0-9]{18}$")
    weightGrams: int = Field(gt=0)
    lengthMm: int = Field(gt=0)
    widthMm: int = Field(gt=0)
    heightMm: int = Field(gt=0)
    contents: list[Line]


class _Report(_Wire):
    eventId: str = Field(min_length=1, max_length=128)
    at: AwareDatetime


class Receipt(_Report):
    """Goods were put on stock."""

    type: Literal["GOODS_RECEIVED"]
    receiptId: str
    sku: str = Field(min_length=1, max_length=64)
    site: str
    qty: int = Field(gt=0, le=100_000)
    reference: str | None = None


class Notice(_Report):
    """A delivery is announced."""

    type: Literal["ASN"]
    asnId: str
    site: str
    supplier: str
    lines: list[Line]
    expectedAt: AwareDatetime


class ReturnArrival(_Report):
    """Returned goods arrived."""

    type: Literal["RETURN_RECEIVED"]
    returnId: str
    orderId: str
    site: str
    lines: list[Line]
    condition: Literal["good", "damaged"]


class Progress(_Report):
    """A warehouse order moved on."""

    type: Literal["ORDER_ACCEPTED", "PICK_CONFIRMED", "PICK_SHORT", "PACKED", "SHIPPED", "CANCELLED"]
    warehouseOrderId: str
    lines: list[Line] = Field(default_factory=list)
    shorted: list[Line] = Field(default_factory=list)
    reason: str = "short"
    parcels: list[PackedParcel] = Field(default_factory=list)


Report = Receipt | Notice | ReturnArrival | Progress
