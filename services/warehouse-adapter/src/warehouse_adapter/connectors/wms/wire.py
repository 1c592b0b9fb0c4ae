"""The WMS' shapes; its names are ours in camel case."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f]+$")]
Site = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}$")]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


class Line(_Wire):
    """A quantity of a line; zero where nothing was found."""

    line: int
    sku: Id
    qty: int = Field(ge=0, le=100_000)


class PackedParcel(_Wire):
    """A packed parcel."""

    sscc: str = Field(pattern=r"^[0-9]{18}$")
    weight_grams: int = Field(gt=0)
    length_mm: int = Field(gt=0)
    width_mm: int = Field(gt=0)
    height_mm: int = Field(gt=0)
    contents: tuple[Line, ...]


class _Report(_Wire):
    event_id: str = Field(min_length=1, max_length=128, pattern=r"^[^\x00]+$")
    at: AwareDatetime


class GoodsIn(_Report):
    """Goods were put on stock."""

    type: Literal["GOODS_RECEIVED"]
    receipt_id: Id
    sku: Id
    site: Site
    qty: int = Field(gt=0, le=100_000)
    reference: str | None = Field(default=None, max_length=200)


class Asn(_Report):
    """A delivery is announced."""

    type: Literal["ASN"]
    asn_id: Id
    site: Site
    supplier: Text
    lines: tuple[Line, ...]
    expected_at: AwareDatetime


class ReturnIn(_Report):
    """Returned goods arrived and were inspected."""

    type: Literal["RETURN_RECEIVED"]
    return_id: Id
    order_id: Id
    site: Site
    lines: tuple[Line, ...]
    condition: Literal["good", "damaged"]


class _OrderReport(_Report):
    warehouse_order_id: Id


class Accepted(_OrderReport):
    """The warehouse took the order on, or stopped it."""

    type: Literal["ORDER_ACCEPTED", "CANCELLED"]


class Picked(_OrderReport):
    """Everything was picked."""

    type: Literal["PICK_CONFIRMED"]
    lines: tuple[Line, ...] = Field(min_length=1)


class PickedShort(_OrderReport):
    """Less was found than ordered; `lines` is what was picked."""

    type: Literal["PICK_SHORT"]
    lines: tuple[Line, ...] = ()
    shorted: tuple[Line, ...] = Field(min_length=1)
    reason: Text = "short"


class Packed(_OrderReport):
    """The goods are in parcels."""

    type: Literal["PACKED"]
    parcels: tuple[PackedParcel, ...] = Field(min_length=1)


class Shipped(_OrderReport):
    """The parcels left."""

    type: Literal["SHIPPED"]
    shipment_id: Id | None = None


OrderReport = Accepted | Picked | PickedShort | Packed | Shipped
Report = Annotated[GoodsIn | Asn | ReturnIn | OrderReport, Field(discriminator="type")]
REPORT: TypeAdapter[GoodsIn | Asn | ReturnIn | OrderReport] = TypeAdapter(Report)


class CancelAnswer(_Wire):
    """Whether an order was stopped."""

    cancelled: bool
