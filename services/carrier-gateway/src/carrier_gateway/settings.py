"""Settings of carrier-gateway."""

from pathlib import Path

from pydantic import Field

from chassis import Settings


class ServiceSettings(Settings):
    """Where the carriers are, what their messages mean, and where the secrets lie."""

    port: int = Field(default=8105, description="TCP port the HTTP server binds.")
    carriers_dir: Path = Field(
        default=Path("partners/carriers"), description="Folder of carrier profiles; read again when a file changes."
    )
    secrets_dir: Path | None = Field(
        default=None, description="Folder of secret files the profiles name; read again when a file changes."
    )
    carrier_urls: dict[str, str] = Field(
        default_factory=dict, description="Base URLs for polling by carrier, as JSON; a carrier without is not polled."
    )
    swiftparcel_url: str = Field(
        default="http://127.0.0.1:8190/carriers/swiftparcel", description="Base URL of swiftparcel."
    )
    nordfreight_url: str = Field(
        default="http://127.0.0.1:8190/carriers/nordfreight", description="Base URL of nordfreight."
    )
    body_limit_bytes: int = Field(
        default=26_214_400, description="Largest accepted request body, in bytes; a profile may allow less."
    )
    backlog_limit: int = Field(
        default=50_000, ge=100, description="Messages not mapped yet above which carriers are asked to come again."
    )
    partner_events_per_second: float = Field(
        default=2500.0, gt=0, description="Messages a second each carrier may send, to all replicas together."
    )
    partner_burst_seconds: float = Field(
        default=2.0, ge=0.1, description="Seconds of that rate a carrier may send at once after a pause."
    )
    partner_quotas: dict[str, float] = Field(
        default_factory=dict, description="Messages a second by carrier, as JSON, where another rate is agreed."
    )
    raw_keep_days: int = Field(default=30, ge=1, description="Days carriers' messages are kept as they came.")
    poll_seconds: float = Field(default=30.0, gt=0, description="Seconds between looks for quiet shipments.")
    carrier_calls_per_second: float = Field(
        default=200.0, gt=0, description="Most calls a second each carrier takes, from all replicas together."
    )
    carrier_calls_at_once: int = Field(default=16, ge=1, description="Bookings in flight at all carriers together.")
    carrier_timeout_seconds: float = Field(default=10.0, gt=0, description="How long a carrier may take to answer.")
