"""Tables of central metadata: documents as they are, every revision they had, what the broker's copy lacks."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from canonical.metadata import Document, SchemaEntry, Sla, key_of
from chassis import Document as Row
from chassis import Documents
from chassis.sql import fetch

from control_tower.domain.agreed import Agreed

ADD_REVISIONS = """
INSERT INTO metadata_revision (key, kind, revision, document)
SELECT key, kind, revision, document::jsonb
FROM unnest($1::text[], $2::text[], $3::int[], $4::text[]) AS u(key, kind, revision, document)
"""
CURRENT = "SELECT state AS document FROM metadata WHERE key LIKE :prefix ORDER BY key"
ONE = "SELECT state AS document FROM metadata WHERE key = :key"
HISTORY = "SELECT document FROM metadata_revision WHERE key = :key ORDER BY revision"
OF_KIND = "SELECT document FROM metadata_revision WHERE kind = :kind ORDER BY key, revision"
COUNTS = "SELECT split_part(key, '/', 1) AS kind, count(*) AS documents FROM metadata GROUP BY 1"
AGREED = """
SELECT state->>'body' AS body FROM metadata WHERE key LIKE 'sla/%' AND state->>'body' IS NOT NULL ORDER BY key
"""
UNWRITTEN = """
SELECT DISTINCT ON (key) document FROM metadata_revision WHERE NOT is_mirrored ORDER BY key, revision DESC LIMIT :limit
"""
WRITTEN = "UPDATE metadata_revision SET is_mirrored = true WHERE key = :key AND revision <= :revision"
COUNT_WRITTEN = "SELECT count(DISTINCT key) AS documents FROM metadata_revision WHERE is_mirrored"
FORGET = "UPDATE metadata_revision SET is_mirrored = false WHERE is_mirrored"


class MetadataRow(Row, table=True):
    """Table of documents as they are."""

    __tablename__ = "metadata"


class MetadataStore(Documents[Document]):
    """Documents by kind and name; every revision put is kept."""

    table = MetadataRow
    model = Document

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self._made: list[Document] = []

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the document a change is about."""
        return [str(getattr(message, "key"))]  # noqa: B009  any message

    def put(self, key: str, document: Document) -> None:
        """Keep a revision."""
        super().put(key, document)
        self._made.append(document)

    async def flush(self) -> None:
        """Write what changed, and every revision made."""
        await super().flush()
        made, self._made = self._made, []
        if made:
            await fetch(
                self.session,
                ADD_REVISIONS,
                [document.key for document in made],
                [document.kind for document in made],
                [document.revision for document in made],
                [document.model_dump_json() for document in made],
            )


async def agreements(session: AsyncSession) -> Agreed:
    """Return the times agreed, as of this transaction."""
    return _agreed(tuple(row["body"] for row in await fetch(session, AGREED)))


@lru_cache(maxsize=1)
def _agreed(bodies: tuple[str, ...]) -> Agreed:
    """Return what some documents agree on; each batch of events asks, and they seldom change."""
    return Agreed(Sla.model_validate_json(body) for body in bodies)


class Records:
    """Questions about metadata, and what of it is mirrored."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def counts(self) -> dict[str, int]:
        """Return how many documents there are of each kind, withdrawn ones included."""
        return {row["kind"]: row["documents"] for row in await self._rows(COUNTS)}

    async def current(self, kind: str) -> list[Document]:
        """Return the documents of a kind as they are, by name."""
        return await self._documents(CURRENT, prefix=f"{kind}/%")

    async def agreed(self) -> Agreed:
        """Return the times agreed."""
        return _agreed(tuple(row["body"] for row in await self._rows(AGREED)))

    async def one(self, kind: str, name: str) -> Document | None:
        """Return a document as it is; None when there never was one."""
        found = await self._documents(ONE, key=key_of(kind, name))
        return found[0] if found else None

    async def history(self, kind: str, name: str) -> list[Document]:
        """Return every revision of a document, the first one first."""
        return await self._documents(HISTORY, key=key_of(kind, name))

    async def schemas(self) -> dict[str, list[SchemaEntry]]:
        """Return every registered schema by event: each of its revisions, with the owner and consumers it had last."""
        found: dict[str, dict[int, SchemaEntry]] = {}
        for document in await self._documents(OF_KIND, kind=SchemaEntry.kind):
            entry = SchemaEntry.model_validate(document.body)
            found.setdefault(document.name, {})[entry.revision] = entry
        return {name: list(entries.values()) for name, entries in found.items()}

    async def unwritten(self, limit: int) -> Sequence[Document]:
        """Return documents whose latest revision the broker's copy may lack."""
        return await self._documents(UNWRITTEN, limit=limit)

    async def written(self) -> int:
        """Return how many documents were written to the broker's copy."""
        return int((await self._rows(COUNT_WRITTEN))[0]["documents"])

    async def note_written(self, document: Document) -> None:
        """Remember that the broker's copy has a revision."""
        await self._do(WRITTEN, key=document.key, revision=document.revision)

    async def forget_written(self) -> None:
        """Have everything be compared with the broker's copy again."""
        await self._do(FORGET)

    async def _do(self, statement: str, **parameters: Any) -> None:  # noqa: ANN401  any SQL value
        async with self._engine.begin() as connection:
            await connection.execute(text(statement), parameters)

    async def _documents(self, query: str, **parameters: Any) -> list[Document]:  # noqa: ANN401  any SQL value
        return [Document.model_validate(row["document"]) for row in await self._rows(query, **parameters)]

    async def _rows(self, query: str, **parameters: Any) -> list[dict[str, Any]]:  # noqa: ANN401  any SQL value
        async with self._engine.connect() as connection:
            return [dict(row._mapping) for row in await connection.execute(text(query), parameters)]
