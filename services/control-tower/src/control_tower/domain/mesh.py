"""The mesh as a picture: services as nodes, who hears whom as edges."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel

Breaker = Literal["closed", "half open", "open"]


class Node(BaseModel):
    """One service."""

    name: str
    """Its name."""
    domain: str
    """The domain it owns."""
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
