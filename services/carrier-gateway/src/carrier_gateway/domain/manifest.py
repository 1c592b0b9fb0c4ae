"""Manifests: what a carrier collects at a site, closed out together."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class Manifest(BaseModel):
    """A close-out: the shipments handed to a carrier at a site, and the carrier's number for them."""

    manifest_id: str
    carrier_code: str
    site: str
    shipments: list[str] = Field(default_factory=list)
    state: Literal["empty", "asked", "closed", "refused"] = "asked"
    number: str | None = None
    why: str = ""
    since: datetime


class CloseOutWish(BaseModel):
    """The site wants what is booked at a carrier closed out."""

    manifest_id: str
    carrier_code: str
    site: str
