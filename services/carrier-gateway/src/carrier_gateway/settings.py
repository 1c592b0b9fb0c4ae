"""Settings of carrier-gateway."""

from pathlib import Path

from pydantic import Field

from chassis import Settings


class ServiceSettings(Settings):
    """Where the carriers are, and where the secrets of their webhooks lie."""

    port: int = Field(default=8105, description="TCP port the HTTP server binds.")
    swiftparcel_url: str = Field(
        default="http://127.0.0.1:8190/carriers/swiftparcel", description="Base URL of swiftparcel."
    )
    nordfreight_url: str = Field(
        default="http://127.0.0.1:8190/carriers/nordfreight", description="Base URL of nordfreight."
    )
    swiftparcel_secret_file: Path | None = Field(
        default=None, description="File of swiftparcel's live webhook secrets, one a line; read again when it changes."
    )
    nordfreight_secret_file: Path | None = Field(
        default=None, description="File of nordfreight's live webhook secrets, one a line; read again when it changes."
    )
    carrier_calls_at_once: int = Field(default=16, ge=1, description="Bookings in flight at all carriers together.")
    carrier_timeout_seconds: float = Field(default=10.0, gt=0, description="How long a carrier may take to answer.")


class SecretFile:
    """Live secrets kept in a file, so that one can be added before another is taken away."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp = -1
        self._secrets: tuple[bytes, ...] = ()

    def live(self) -> tuple[bytes, ...]:
        """Return the secrets that count now; none when no file is configured.

        Raises:
            OSError: the file cannot be read.
        """
        if self._path is None:
            return ()
        stamp = self._path.stat().st_mtime_ns
        if stamp != self._stamp:
            self._secrets = tuple(line.strip() for line in self._path.read_bytes().splitlines() if line.strip())
            self._stamp = stamp
        return self._secrets
