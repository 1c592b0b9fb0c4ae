"""Nordfreight's shapes, in its own names."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Event(_Wire):
    """One scan of one parcel."""

    id: str = Field(min_length=1, max_length=128)
    trackingId: str = Field(min_length=1, max_length=64)
    status: str
    time: AwareDatetime
    city: str | None = None
    country: str | None = None
    reason: str | None = None
    receiver: str | None = None
    pod: str | None = None


class Message(_Wire):
    """One webhook: several scans; they are read one by one."""

    messageId: str
    events: list[dict[str, Any]] = Field(max_length=500)


class Collo(_Wire):
    """A parcel of a booking."""

    barcode: str
    trackingId: str
    labelZplUrl: str


class Confirmation(_Wire):
    """The answer to a booking."""

    bookingNumber: str
    colli: list[Collo]
