"""What the sample service is told beyond the chassis' settings."""

from pathlib import Path

from pydantic import Field

from chassis.settings import Settings


class SampleSettings(Settings):
    """Where the outside system is, how slow the handler, and which items are known."""

    outside_url: str = Field(default="http://127.0.0.1:8199", description="The outside system that is rung.")
    handler_seconds: float = Field(default=0.0, ge=0, description="How long the handler of a change takes.")
    items_file: Path | None = Field(default=None, description="The item master: one item a line.")
