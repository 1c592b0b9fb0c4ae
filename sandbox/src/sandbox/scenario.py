"""A story: rates and switches of one run."""

from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field


class Outage(BaseModel):
    """A system that is away for a while during the run."""

    model_config = ConfigDict(extra="forbid")

    system: str
    after_seconds: float
    seconds: float


class Scenario(BaseModel):
    """Rates are shares of orders, parcels or messages, from 0 to 1."""

    model_config = ConfigDict(extra="forbid")

    title: str = ""
    max_lines: int = Field(default=3, ge=1)
    max_parcels: int = Field(default=1, ge=1, le=5)
    short_pick_rate: float = 0.0
    scarce_sku_rate: float = 0.0
    unknown_sku_rate: float = 0.0
    cancel_rate: float = 0.0
    attempt_rate: float = 0.0
    exception_rate: float = 0.0
    delay_rate: float = 0.0
    reject_booking_rate: float = 0.0
    duplicate_rate: float = 0.0
    shuffle_rate: float = 0.0
    lost_webhook_rate: float = 0.0
    express_rate: float = 0.2
    outages: list[Outage] = Field(default_factory=list)


def load(name: str) -> Scenario:
    """Return a scenario by name.

    Raises:
        KeyError: there is none of that name.
    """
    path = files("sandbox").joinpath("scenarios", f"{name}.yaml")
    if "/" in name or not path.is_file():
        raise KeyError(name)
    return Scenario.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def names() -> list[str]:
    """Return the names of all scenarios."""
    return sorted(p.name.removesuffix(".yaml") for p in files("sandbox").joinpath("scenarios").iterdir())
