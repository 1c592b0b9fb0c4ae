"""Documents in memory."""

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from pydantic import BaseModel

D = TypeVar("D", bound=BaseModel)


class FakeBook(Generic[D]):
    """A `Book` in a dictionary; it passes the same behaviour tests as the real one."""

    def __init__(self, documents: Mapping[str, D] | None = None) -> None:
        self.by_key: dict[str, D] = dict(documents or {})

    async def load(self, keys: Iterable[str]) -> None:
        """Read many at once; all of them are here already."""

    async def get(self, key: str) -> D | None:
        """Return a document; None when there is none."""
        return self.by_key.get(key)

    async def read(self, key: str) -> D | None:
        """Return a document for showing."""
        return self.by_key.get(key)

    def put(self, key: str, document: D) -> None:
        """Keep a document."""
        self.by_key[key] = document
