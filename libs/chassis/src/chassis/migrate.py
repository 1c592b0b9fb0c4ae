"""Bring a service's database to its newest schema at start, one process at a time."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.errors import StartupError

CHASSIS = Path(__file__).parent / "migrations"
LOCK = 0x43524F5353444F43  # "CROSSDOC": one migrating process per database


def _upgrade(connection: Connection, folder: Path, version_table: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(folder))
    script = ScriptDirectory.from_config(config)
    with EnvironmentContext(config, script, fn=lambda revision, _: script._upgrade_revs("head", revision)) as env:
        env.configure(connection=connection, version_table=version_table)
        env.run_migrations()


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
            f"Database {where} has a schema this service does not know ({error}): it was migrated by a newer release, "
            "or a migration file is missing. Install that release, or restore the file."
        ) from error
    except (OSError, SQLAlchemyError) as error:
        cause = str(getattr(error, "orig", error)).splitlines()[0]
        raise StartupError(f"Database {where} cannot be prepared: {cause}. Check CROSSDOCK_DATABASE_URL.") from error
