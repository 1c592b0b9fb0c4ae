"""nordfreight's shapes; its names are ours in camel case."""

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)


class Label(_Wire):
    """A label as it comes with the booking."""

    media_type: str
    content_base64: Base64Bytes


class Collo(_Wire):
    """A handling unit of a booking."""

    barcode: str
    tracking_id: str = Field(min_length=1, max_length=64)
    label_zpl_url: str
    label: Label | None = None


class BookingAnswer(_Wire):
    """A booking as the carrier keeps it."""

    booking_number: str = Field(min_length=1, max_length=64)
    colli: list[Collo] = Field(min_length=1)


class ManifestAnswer(_Wire):
    """A manifest as the carrier keeps it."""

    close_out_number: str = Field(min_length=1, max_length=64)
