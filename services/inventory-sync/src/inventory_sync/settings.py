"""Settings of inventory-sync."""

from chassis import Settings
from pydantic import Field


class ServiceSettings(Settings):
    """Which sites may fulfil orders."""

    port: int = Field(default=8102, description="TCP port the HTTP server binds.")
    sites: tuple[str, ...] = Field(
        default=("DC-BER", "DC-LYO"), description="Sites that fulfil orders, preferred first."
    )
    unknown_sku_grace_seconds: float = Field(
        default=5.0, description="How long a fresh order waits for the first receipt of an SKU nobody knows yet."
    )
