"""Settings of transport-planner."""

from pathlib import Path

from chassis import Settings
from pydantic import Field


class ServiceSettings(Settings):
    """Where the TMS is, and which routing rules hold."""

    port: int = Field(default=8104, description="TCP port the HTTP server binds.")
    tms_url: str = Field(default="http://127.0.0.1:8190/tms", description="Base URL of the TMS.")
    routing_rules_file: Path = Field(
        default=Path(__file__).parent / "routing_rules.toml", description="Routing rules and site addresses."
    )
