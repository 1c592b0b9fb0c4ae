"""What every service is told from outside: where it runs, its broker, its database."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read once from `CROSSDOCK_*` environment variables; secrets are files, named by the variable."""

    model_config = SettingsConfigDict(env_prefix="CROSSDOCK_", frozen=True, extra="ignore")

    region: str = Field(default="eu", description="Region token of subjects and of the JetStream domain.")
    company: str = Field(default="default", description="Owner or brand stamped on events that name none.")
    ordinal: int = Field(default=0, description="Replica number of this process within its service, from 0.")
    replicas: int = Field(default=1, description="Replicas that share the partitions.")
    host: str = Field(default="127.0.0.1", description="Address the HTTP server binds.")
    port: int = Field(default=8100, description="TCP port the HTTP server binds.")
    nats_url: str = Field(
        default="nats://127.0.0.1:8122",
        description="Broker of this region; the servers of a cluster with commas between.",
    )
    nats_user: str | None = Field(default=None, description="Broker user; the service name when empty.")
    nats_password_file: Path | None = Field(default=None, description="File holding the broker password.")
    nats_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authority that signed the broker's certificate; plain TCP when empty.",
    )
    database_url: str = Field(
        default="postgresql+asyncpg://127.0.0.1:8132/crossdock", description="This service's own database."
    )
    database_connections: int = Field(
        default=12, ge=4, description="Most connections one process holds to its database."
    )
    keep_days: int = Field(
        default=15, ge=8, description="Days done rows are kept; more than the 14 the streams keep messages."
    )
    reconcile_seconds: float = Field(
        default=20.0, gt=0, le=30, description="Pause between comparisons of the outbox with the streams, in seconds."
    )
    failures_in_a_row: int = Field(
        default=50, ge=1, description="So many messages in a row that fail stop the consumers: a bad release."
    )
    log_level: str = Field(default="INFO", description="Lowest level logged.")
    crash_at: str = Field(
        default="", description="For fault tests: `point:n` ends the process at its n-th passage of a crash point."
    )
    otlp_url: str | None = Field(
        default=None, description="OTLP/HTTP collector of traces, without /v1/traces; none are made when empty."
    )
    trace_share: float = Field(default=1.0, ge=0, le=1, description="Share of business transactions traced.")
    effect_backlog_limit: int = Field(
        default=500_000, ge=1, description="Calls of one kind that may wait; above, the service takes nothing new."
    )
    ingress_bytes_limit: int = Field(
        default=134_217_728, ge=1, description="Request bodies held in memory at once, in bytes; above, 503."
    )
    body_limit_bytes: int = Field(default=1_048_576, description="Largest accepted request body, in bytes.")

    def nats_password(self) -> str | None:
        """Return the broker password.

        Raises:
            OSError: the file cannot be read.
        """
        return self.nats_password_file.read_text().strip() if self.nats_password_file else None
