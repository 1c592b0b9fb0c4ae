"""The mesh as a picture: services as nodes, who hears whom as edges."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import AwareDatetime, BaseModel

Breaker = Literal["closed", "half open", "open"]


class Address(BaseModel):
    """Where a region's services are."""

    url: str
    """Base URL of a service; {name} and {port} stand for its own."""
    moved: int = 0
    """How far the region's ports are from the topology's."""

    def of(self, name: str, port: int) -> str:
        """Return the base URL of a service whose port in the topology is this."""
        return self.url.format(name=name, port=port + self.moved)


class Node(BaseModel):
    """One service."""

    name: str
    """Its name."""
    domain: str
    """The domain it owns."""
    region: str
    """The region it runs in."""
    answers: bool
    """Whether it answered just now."""
    why: Sequence[str] = ()
    """Why it did not."""
    dead: int = 0
    """Dead letters that wait for a person."""
    waiting: int = 0
    """Messages that are tried again by themselves."""
    calls_waiting: int = 0
    """Calls to outside systems not yet made."""
    lag: int | None = None
    """Messages it has yet to take or settle; None: it does not know."""
    outbox_age_seconds: float = 0.0
    """Age of the oldest event not yet published."""
    systems: Mapping[str, Breaker] = {}
    """Its outside systems, and how the breaker of each stands."""


class Edge(BaseModel):
    """One service that hears another."""

    publisher: str
    """Who publishes."""
    consumer: str
    """Who hears it."""
    types: Sequence[str]
    """Which events."""
    per_minute: int
    """How many of them were recorded in the last minute."""


class Link(BaseModel):
    """How the archive is fed with one region's events."""

    region: str
    """The region."""
    is_up: bool
    """Whether everything the region published so far is here, or about to be."""
    complete_until: AwareDatetime | None
    """The moment until which it is surely here; what is due later is not judged. None: not known yet."""
    has_services: bool
    """Whether its services can be asked from here; a hub's own region has none but the tower."""
