"""The TMS' shapes, in its own names."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RateQuote(BaseModel):
    """One quote."""

    model_config = ConfigDict(extra="ignore")

    carrier: str
    service: str
    mode: Literal["parcel", "ltl"]
    amount: Decimal = Field(ge=0)
    currency: str
    transitDays: int = Field(ge=0)
