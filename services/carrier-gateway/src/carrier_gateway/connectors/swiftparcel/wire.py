"""SwiftParcel's shapes, in its own names."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Place(_Wire):
    """Where a scan happened."""

    city: str | None = None
    country: str | None = None


class Event(_Wire):
    """One webhook: one scan of one parcel."""

    event_id: str = Field(min_length=1, max_length=128)
    tracking_number: str = Field(min_length=1, max_length=64)
    code: str
    at: AwareDatetime
    place: Place | None = None
    note: str | None = None
    signed_by: str | None = None
    pod_url: str | None = None
    eta: AwareDatetime | None = None


class Package(_Wire):
    """A package of a booked shipment."""

    ref: str
    tracking_number: str
    label_url: str


class Created(_Wire):
    """The answer to a booking."""

    id: str
    packages: list[Package]
