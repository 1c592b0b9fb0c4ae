"""Settings of notification."""

from pathlib import Path

from pydantic import Field

from chassis import Settings


class ServiceSettings(Settings):
    """Where mails, webhooks and cases go."""

    port: int = Field(default=8106, description="TCP port the HTTP server binds.")
    smtp_host: str = Field(default="127.0.0.1", description="Mail server.")
    smtp_port: int = Field(default=8191, description="TCP port of the mail server.")
    mail_from: str = Field(default="orders@crossdock.example", description="Sender of mails.")
    crm_url: str = Field(default="http://127.0.0.1:8190/crm", description="Base URL of the CRM.")
    portal_url: str = Field(default="http://127.0.0.1:8190/portal", description="Base URL of the customer portal.")
    portal_secret_file: Path | None = Field(
        default=None, description="File of the secret that signs customer webhooks."
    )
    tracking_url: str | None = Field(
        default=None, description="Base URL of the tracking pages, as customers reach it. None: messages carry no link."
    )
    tracking_keys_file: Path | None = Field(
        default=None,
        description="File of the keys of tracking links, one a line; the first signs.",
    )
    tracking_days: int = Field(default=90, ge=1, le=3650, description="Days a tracking link opens.")
    smtp_calls_per_second: float = Field(
        default=500.0, gt=0, description="Most mails a second the mail server takes, from all replicas together."
    )
    crm_calls_per_second: float = Field(
        default=50.0, gt=0, description="Most calls a second the CRM takes, from all replicas together."
    )
    portal_calls_per_second: float = Field(
        default=500.0, gt=0, description="Most calls a second the customer portal takes, from all replicas together."
    )

    def portal_secret(self) -> bytes:
        """Return the secret that signs customer webhooks.

        Raises:
            OSError: the file cannot be read.
        """
        return self.portal_secret_file.read_text().strip().encode() if self.portal_secret_file else b""
