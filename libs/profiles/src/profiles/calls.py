"""What a profile says of requests to the carrier: polling and subscribing."""

from typing import Any, Literal

from pydantic import Field

from profiles.part import Part


class Call(Part):
    """A request to the carrier; `{number}`, `{numbers}` and `{count}` stand for tracking numbers."""

    method: Literal["GET", "POST"] = "GET"
    """HTTP method."""
    path: str
    """Path under the carrier's base URL."""
    body: dict[str, Any] | list[Any] | None = None
    """JSON body; a text that is just `{numbers}` becomes the list."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Headers; `{secret}` is the carrier's API secret."""


class Poll(Part):
    """How open shipments that have gone quiet are asked about."""

    call: Call
    """The request."""
    batch: int = Field(default=1, ge=1, le=100)
    """Tracking numbers per request."""
    quiet_minutes: float = Field(default=240, gt=0)
    """How long nothing is heard before it asks."""
    per_minute: float = Field(default=60, gt=0)
    """Most requests per minute."""
    give_up_days: int = Field(default=45, ge=1)
    """After how long a shipment is asked about no more."""


class Subscribe(Part):
    """A subscription per tracking number that ends by itself."""

    call: Call
    """The request."""
    batch: int = Field(default=1, ge=1, le=100)
    """Tracking numbers per request."""
    lasts_days: float = Field(gt=0)
    """How long the carrier keeps it."""
