"""A former release works on newer tables as long as they only have more, and is refused when it cannot."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chassis import StartupError
from chassis.migrate import migrate
from chassis.testing import LocalMesh

pytestmark = pytest.mark.integration


def release(folder: Path, *migrations: tuple[str, bool]) -> Path:
    """Write the migrations of a release: what each executes, and whether it only adds."""
    versions = folder / "versions"
    versions.mkdir(parents=True)
    for number, (statement, is_additive) in enumerate(migrations, 1):
        lines = [
            "from alembic import op",
            f"revision = '{number:04}'",
            f"down_revision = {f'{number - 1:04}' if number > 1 else None!r}",
            *(["is_additive = True"] if is_additive else []),
            f"def upgrade(): op.execute({statement!r})",
        ]
        (versions / f"{number:04}_step.py").write_text("\n".join(lines))
    return folder


TABLE = ("CREATE TABLE shelf (sku text PRIMARY KEY)", False)
COLUMN = ("ALTER TABLE shelf ADD COLUMN place text NOT NULL DEFAULT ''", True)
INDEX = ("CREATE INDEX ON shelf (place)", True)
RENAME = ("ALTER TABLE shelf RENAME COLUMN sku TO item", False)


@pytest.fixture
async def engine(mesh: LocalMesh) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine((await mesh.settings("inventory-sync")).database_url)
    yield engine
    await engine.dispose()


async def columns(engine: AsyncEngine) -> set[str]:
    asked = text("SELECT column_name FROM information_schema.columns WHERE table_name = 'shelf'")
    async with engine.connect() as connection:
        return set((await connection.execute(asked)).scalars())


async def test_a_former_release_works_on_tables_that_have_more(engine: AsyncEngine, tmp_path: Path) -> None:
    former, newer = release(tmp_path / "1", TABLE), release(tmp_path / "2", TABLE, COLUMN, INDEX)
    await migrate(engine, former)
    await migrate(engine, newer)
    await migrate(engine, former)
    assert await columns(engine) == {"sku", "place"}
    await migrate(engine, newer)


async def test_a_former_release_is_refused_on_tables_it_does_not_know(engine: AsyncEngine, tmp_path: Path) -> None:
    releases = [
        release(tmp_path / str(place), *steps)
        for place, steps in enumerate([(TABLE,), (TABLE, COLUMN, RENAME), (TABLE, COLUMN, RENAME, INDEX)])
    ]
    for one in releases:
        await migrate(engine, one)
    with pytest.raises(StartupError, match="service_version is at 0004, the newest one known here is 0001"):
        await migrate(engine, releases[0])
    await migrate(engine, releases[1])
    assert await columns(engine) == {"item", "place"}


async def test_tables_of_before_the_floor_was_kept_are_refused(engine: AsyncEngine, tmp_path: Path) -> None:
    former, newer = release(tmp_path / "1", TABLE), release(tmp_path / "2", TABLE, COLUMN)
    await migrate(engine, newer)
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM schema_floor"))
    with pytest.raises(StartupError, match="migrated by a newer release"):
        await migrate(engine, former)
