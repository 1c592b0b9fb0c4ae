"""Bring a service's database to its newest schema at start, one process at a time.

A release may work on tables that a newer one has made, as while replicas are replaced or after a step back: a migration
that only adds says so with `is_additive = True`, and the database keeps the last one that does more than that. Who
knows this one may work; who does not is refused.
"""

import logging
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.errors import StartupError

log = logging.getLogger(__name__)

CHASSIS = Path(__file__).parent / "migrations"
LOCK = 0x43524F5353444F43  # "CROSSDOC": one migrating process per database


FLOORS = """
CREATE TABLE IF NOT EXISTS schema_floor (version_table text PRIMARY KEY, revision text NOT NULL)
"""
READ_FLOOR = text("SELECT revision FROM schema_floor WHERE version_table = :table")
KEEP_FLOOR = text("""
INSERT INTO schema_floor VALUES (:table, :revision)
ON CONFLICT (version_table) DO UPDATE SET revision = excluded.revision
""")


def _upgrade(connection: Connection, folder: Path, version_table: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(folder))
    script = ScriptDirectory.from_config(config)
    known = {one.revision for one in script.walk_revisions()}
    present = MigrationContext.configure(connection, opts={"version_table": version_table}).get_current_revision()
    connection.execute(text(FLOORS))
    if present is not None and present not in known:
        floor = connection.execute(READ_FLOOR, {"table": version_table}).scalar_one_or_none()
        if floor not in known:
            raise CommandError(f"{version_table} is at {present}, the newest one known here is {max(known)}")
        log.warning("schema_is_newer", extra={"table": version_table, "present": present, "floor": floor})
        return
    with EnvironmentContext(config, script, fn=lambda revision, _: script._upgrade_revs("head", revision)) as env:
        env.configure(connection=connection, version_table=version_table)
        env.run_migrations()
    connection.execute(KEEP_FLOOR, {"table": version_table, "revision": _floor(script)})


def _floor(script: ScriptDirectory) -> str:
    """Return the last migration that does more than add."""
    return next(
        one.revision
        for one in script.walk_revisions()
        if one.down_revision is None or not getattr(one.module, "is_additive", False)
    )


async def migrate(engine: AsyncEngine, service_folder: Path) -> None:
    """Apply the chassis' and the service's migrations under an advisory lock.

    Raises:
        StartupError: the database cannot be reached or its schema is not ours.
    """
    where = engine.url.render_as_string(hide_password=True)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            version = int(str((await connection.execute(text("SHOW server_version_num"))).scalar_one()))
            if version < 150_000:
                raise StartupError(f"PostgreSQL 15 or newer is needed, the server is {version // 10_000}: upgrade it.")
            encoding = str((await connection.execute(text("SHOW server_encoding"))).scalar_one())
            if encoding != "UTF8":
                raise StartupError(f"Database {where} has the encoding {encoding}: make it anew with ENCODING 'UTF8'.")
            await connection.run_sync(_upgrade, CHASSIS, "chassis_version")
            await connection.run_sync(_upgrade, service_folder, "service_version")
    except CommandError as error:
        raise StartupError(
            f"Database {where} has a schema this service cannot work on ({error}): it was migrated by a newer release, "
            "or a migration file is missing. Install that release, or restore the file."
        ) from error
    except (OSError, SQLAlchemyError) as error:
        cause = str(getattr(error, "orig", error)).splitlines()[0]
        raise StartupError(f"Database {where} cannot be prepared: {cause}. Check CROSSDOCK_DATABASE_URL.") from error
