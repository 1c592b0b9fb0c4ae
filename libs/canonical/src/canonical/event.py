"""The base of every event: an immutable fact that has happened."""

from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Value(BaseModel):
    """An immutable part of an event; unknown fields are ignored, so newer producers do not break older consumers."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class CanonicalEvent(Value):
    """The data of an event; its envelope says which, when, whence and why."""

    type: ClassVar[str]
    owner: ClassVar[str]
    key_field: ClassVar[str] = "order_id"

    occurred_at: AwareDatetime
    """When the fact happened in the world, with its offset."""

    @property
    def key(self) -> str:
        """The business key that orders and partitions events of this kind."""
        return str(getattr(self, self.key_field))

    @property
    def site_code(self) -> str:
        """The site the fact belongs to, `_` when it belongs to none."""
        return str(getattr(self, "site", None) or "_")
