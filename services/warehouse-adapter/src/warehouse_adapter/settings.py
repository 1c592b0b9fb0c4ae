"""Settings of warehouse-adapter."""

from pydantic import Field

from chassis import Settings


class ServiceSettings(Settings):
    """Where the WMS is and how hard it may be pressed."""

    port: int = Field(default=8103, description="TCP port the HTTP server binds.")
    wms_url: str = Field(default="http://127.0.0.1:8190/wms", description="Base URL of the WMS.")
    wms_calls_per_second: float = Field(
        default=500.0, gt=0, description="Most calls a second the WMS takes, from all replicas together."
    )
    wms_events_per_second: float = Field(
        default=5000.0, gt=0, description="Reports a second the WMS may send, to all replicas together."
    )
    wms_calls_at_once: int = Field(default=16, ge=1, description="Calls of one kind in flight at the WMS.")
