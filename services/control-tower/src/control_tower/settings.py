"""Settings of control-tower."""

from pydantic import Field

from chassis import Settings


class ServiceSettings(Settings):
    """How long the archive keeps, and where the region's services are."""

    port: int = Field(default=8107, description="TCP port the HTTP server binds.")
    archive_days: int = Field(default=400, ge=15, description="Days an event is kept in the archive, by day recorded.")
    services_url: str = Field(
        default="http://127.0.0.1:{port}",
        description="Base URL of a service's HTTP interface; {name} and {port} stand for its own. "
        "Ports keep the topology's distance from this service's.",
    )
