"""The unit of work a handler's state lives in: one session, one transaction, committed by the chassis alone."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

S = TypeVar("S", bound="Store")


class Store:
    """Base of every service's store: it reads and writes through `session` and never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def warm(self, messages: Sequence[BaseModel]) -> None:
        """Load what a batch of messages will need with few queries; the default loads nothing."""

    async def flush(self) -> None:
        """Write what was changed and is not in the session yet; the default has nothing to write."""


class Stores:
    """The stores of one transaction: each class is made once, so all handlers share its identity map."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self._made: dict[type[Store], Store] = {}

    def get(self, kind: type[S]) -> S:
        """Return this transaction's store of that class."""
        made = self._made.get(kind)
        if made is None:
            made = self._made[kind] = kind(self.session)
        return made  # type: ignore[return-value]  # the dict maps each class to its own instance

    async def flush(self) -> None:
        """Write what the stores still hold."""
        for store in self._made.values():
            await store.flush()
        await self.session.flush()

    def bind(self, deps: Mapping[str, Any]) -> dict[str, Any]:
        """Return handler arguments, with each Store class replaced by this transaction's instance."""
        return {
            name: self.get(value) if isinstance(value, type) and issubclass(value, Store) else value
            for name, value in deps.items()
        }
