"""Settings of order-release."""

from pydantic import Field

from chassis import Settings


class ServiceSettings(Settings):
    """Where the ERP is and how hard it may be pressed."""

    port: int = Field(default=8101, description="TCP port the HTTP server binds.")
    erp_url: str = Field(default="http://127.0.0.1:8190/erp", description="Base URL of the ERP.")
    erp_poll_seconds: float = Field(default=0.2, description="Seconds between reads of the ERP's change feed.")
    erp_calls_per_second: float = Field(
        default=50.0, gt=0, description="Most calls a second the ERP takes, from all replicas together."
    )
    erp_timeout_seconds: float = Field(default=15.0, gt=0, description="How long the ERP may take to answer.")
    erp_updates_per_call: int = Field(default=50, ge=1, le=1000, description="Most statuses written back in one call.")
    pushed_orders_per_second: float = Field(
        default=500.0, gt=0, description="Orders a second the ERP may push, to all replicas together."
    )
    inventory_url: str = Field(
        default="http://127.0.0.1:8102", description="Base URL of inventory-sync, asked whether pushed SKUs are known."
    )
