"""What the sample service is told beyond the chassis' settings."""

from pydantic import Field

from chassis.settings import Settings


class SampleSettings(Settings):
    """Where the outside system is, and how slow the handler."""

    outside_url: str = Field(default="http://127.0.0.1:8199", description="The outside system that is rung.")
    handler_seconds: float = Field(default=0.0, ge=0, description="How long the handler of a change takes.")
