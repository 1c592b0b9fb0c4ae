"""Settings of transport-planner."""

from pathlib import Path

from pydantic import Field

from chassis import Settings

PACKAGE = Path(__file__).parent


class ServiceSettings(Settings):
    """Where the TMS is, which routing rules hold, where the sites are."""

    port: int = Field(default=8104, description="TCP port the HTTP server binds.")
    tms_url: str = Field(default="http://127.0.0.1:8190/tms", description="Base URL of the TMS.")
    tms_calls_per_second: float = Field(
        default=200.0, gt=0, description="Most calls a second the TMS takes, from all replicas together."
    )
    tms_calls_at_once: int = Field(default=16, ge=1, description="Rating calls in flight at the TMS.")
    routing_rules_file: Path = Field(
        default=PACKAGE / "routing_rules.toml",
        description="TOML file of routing rules, asked after those of central metadata.",
    )
    sites_file: Path = Field(default=PACKAGE / "sites.toml", description="TOML file of sites and their pickups.")
