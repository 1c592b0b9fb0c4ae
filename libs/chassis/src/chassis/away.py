"""Tell a database that is away from a statement that was wrong."""

from asyncpg import InterfaceError as DriverInterfaceError
from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

CLASSES = frozenset({"08", "53", "57"})
"""SQLSTATE classes: connection exception, insufficient resources, operator intervention."""


def is_away(error: BaseException) -> bool:
    """Say whether an error means the database is unreachable or restarting, not that the statement was wrong."""
    if isinstance(error, OSError | TimeoutError):
        return True
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", "") or "")
        lost = error.connection_invalidated or isinstance(error, InterfaceError)
        return lost or state[:2] in CLASSES or (isinstance(error, OperationalError) and not state)
    if isinstance(error, PostgresError):
        return str(error.sqlstate or "")[:2] in CLASSES
    return isinstance(error, DriverInterfaceError)
