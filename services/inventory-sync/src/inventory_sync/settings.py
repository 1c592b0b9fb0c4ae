"""What the inventory-sync service is told from outside."""

from pydantic import Field

from chassis import Settings


class InventorySettings(Settings):
    """Read once from `CROSSDOCK_*` environment variables."""

    port: int = Field(default=8102, description="TCP port the HTTP server binds.")
    unknown_sku_grace_seconds: float = Field(
        default=60.0, ge=0, description="Seconds after an order's release until SKUs nobody has heard of are given up."
    )
    unknown_sku_sweep_seconds: float = Field(
        default=2.0, gt=0, description="Seconds between looks for unknown SKUs whose time has passed."
    )
