"""Settings of warehouse-adapter."""

from chassis import Settings
from pydantic import Field


class ServiceSettings(Settings):
    """Where the WMS is."""

    port: int = Field(default=8103, description="TCP port the HTTP server binds.")
    wms_url: str = Field(default="http://127.0.0.1:8190/wms", description="Base URL of the WMS.")
