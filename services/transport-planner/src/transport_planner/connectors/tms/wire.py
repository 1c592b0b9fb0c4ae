"""The TMS' shapes; its names are ours in camel case."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class RateQuote(BaseModel):
    """One quote."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)

    carrier: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    service: str = Field(min_length=1, max_length=64)
    mode: Literal["parcel", "ltl"]
    amount: Decimal = Field(ge=0, max_digits=14, decimal_places=4)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    transit_days: int = Field(ge=0, le=90)


class RateAnswer(BaseModel):
    """An answer to a rate request; its rows are read one by one."""

    quotes: list[Any]
