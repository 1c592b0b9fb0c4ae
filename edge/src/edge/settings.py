"""What a store's edge is told from outside."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from canonical.ids import SiteCode


class EdgeSettings(BaseSettings):
    """Read once from `CROSSDOCK_EDGE_*` environment variables."""

    model_config = SettingsConfigDict(env_prefix="CROSSDOCK_EDGE_", frozen=True)

    site: SiteCode = Field(description="Code of the store.")
    inventory_url: str = Field(default="http://127.0.0.1:8102", description="inventory-sync of the store's region.")
    folder: Path = Field(default=Path(".crossdock/edge"), description="Folder of the buffer.")
    host: str = Field(default="127.0.0.1", description="Address the HTTP server binds.")
    port: int = Field(default=8192, description="TCP port the HTTP server binds.")
    most_waiting: int = Field(
        default=100_000, ge=1, description="Adjustments that may wait; beyond it senders get 503."
    )
    keep_days: int = Field(default=15, ge=8, description="Days an adjustment is kept after it was taken in.")
    batch: int = Field(default=100, ge=1, le=500, description="Adjustments sent at once.")
    longest_pause_seconds: float = Field(default=30.0, gt=0, description="Longest pause between tries while offline.")
