"""Stores of documents: one pydantic model per business key, kept as JSONB, read and written a batch at a time."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import orjson
from pydantic import BaseModel
from sqlalchemy import Column, DateTime, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel

from chassis.sql import fetch
from chassis.store import Store

D = TypeVar("D", bound=BaseModel)


class Document(SQLModel):
    """Columns of a document table; a service's table class adds `table=True` and its `__tablename__`."""

    __table_args__: ClassVar[dict[str, Any]] = {"extend_existing": True}

    key: str = Field(sa_type=Text, primary_key=True)
    state: dict[str, Any] = Field(sa_type=JSONB)
    updated_at: datetime = Field(
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"server_default": func.now()},
    )


def document_columns() -> list[Column[Any]]:
    """Return the columns of a document table for its migration."""
    return [
        Column("key", Text, primary_key=True),
        Column("state", JSONB, nullable=False),
        Column("updated_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    ]


class Book(Protocol[D]):
    """Documents of one kind by key, within one transaction, as a handler sees them."""

    async def load(self, keys: Iterable[str]) -> None:
        """Read and lock many at once."""
        ...

    async def get(self, key: str) -> D | None:
        """Return a document, locked; None when there is none."""
        ...

    def put(self, key: str, document: D) -> None:
        """Keep a document."""
        ...


class Documents(Store, Generic[D]):
    """Documents of one kind within one transaction: rows are locked when read and written once, at the end."""

    table: ClassVar[type[SQLModel]]
    model: ClassVar[type[Any]]

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self._known: dict[str, D | None] = {}
        self._changed: set[str] = set()
        self._name = str(self.table.__tablename__)

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the keys of the documents a message will need; the default names none."""
        del message
        return ()

    async def warm(self, messages: Sequence[BaseModel]) -> None:
        """Load and lock, in key order, what the batch will need."""
        await self.load({key for message in messages for key in self.keys(message)})

    async def load(self, keys: Iterable[str]) -> None:
        """Load and lock these documents unless they are known already."""
        missing = sorted(set(keys) - self._known.keys())
        if not missing:
            return
        query = f"SELECT key, state::text FROM {self._name} WHERE key = ANY($1::text[]) ORDER BY key FOR UPDATE"  # noqa: S608
        rows = await fetch(self.session, query, missing)
        self._known.update(dict.fromkeys(missing))
        self._known.update({row["key"]: self.model.model_validate_json(row["state"]) for row in rows})

    async def get(self, key: str) -> D | None:
        """Return a document, or None when there is none."""
        if key not in self._known:
            await self.load([key])
        return self._known[key]

    def put(self, key: str, document: D) -> None:
        """Keep a document; it is written when the transaction ends."""
        self._known[key] = document
        self._changed.add(key)

    async def flush(self) -> None:
        """Write every changed document with one statement."""
        if not self._changed:
            return
        keys = sorted(self._changed)
        states = [document.model_dump_json() for key in keys if (document := self._known[key]) is not None]
        query = (
            f"INSERT INTO {self._name} (key, state) SELECT u.key, u.state::jsonb FROM "  # noqa: S608
            "unnest($1::text[], $2::text[]) AS u(key, state) "
            "ON CONFLICT (key) DO UPDATE SET state = excluded.state, updated_at = now()"
        )
        await fetch(self.session, query, keys, states)
        self._changed.clear()

    async def read(self, key: str) -> D | None:
        """Return a document for showing, without locking it."""
        query = text(f"SELECT state FROM {self._name} WHERE key = :key")  # noqa: S608
        state = (await self.session.execute(query, {"key": key})).scalar_one_or_none()
        return None if state is None else self.model.model_validate(state)

    async def find(self, field: str, value: str, limit: int = 200) -> list[D]:
        """Return documents whose top-level `field` equals `value`, newest first, for showing."""
        query = text(
            f"SELECT state FROM {self._name} WHERE state @> CAST(:part AS jsonb) ORDER BY updated_at DESC LIMIT :limit"  # noqa: S608
        )
        part = orjson.dumps({field: value}).decode()
        rows = await self.session.execute(query, {"part": part, "limit": limit})
        return [self.model.model_validate(row.state) for row in rows]
