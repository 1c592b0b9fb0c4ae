"""Settings of carrier-gateway."""

from pathlib import Path

from chassis import Settings
from pydantic import Field


class ServiceSettings(Settings):
    """Where the carriers are, and the secrets they sign their webhooks with (one per line, all of them live)."""

    port: int = Field(default=8105, description="TCP port the HTTP server binds.")
    swiftparcel_url: str = Field(
        default="http://127.0.0.1:8190/carriers/swiftparcel", description="Base URL of SwiftParcel."
    )
    nordfreight_url: str = Field(
        default="http://127.0.0.1:8190/carriers/nordfreight", description="Base URL of Nordfreight."
    )
    swiftparcel_secret_file: Path | None = Field(default=None, description="File of SwiftParcel's webhook secrets.")
    nordfreight_secret_file: Path | None = Field(default=None, description="File of Nordfreight's webhook secrets.")
    replay_window_seconds: int = Field(default=300, description="Oldest signed webhook accepted, in seconds.")
    eta_threshold_minutes: int = Field(default=60, description="Smallest change of an ETA that is told, in minutes.")


def secrets(path: Path | None) -> tuple[bytes, ...]:
    """Return the live secrets of a file, one per line; none when there is no file.

    Raises:
        OSError: the file cannot be read.
    """
    if path is None:
        return ()
    return tuple(line.strip().encode() for line in path.read_text().splitlines() if line.strip())
