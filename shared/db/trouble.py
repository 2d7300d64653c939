"""Which failures of a database may pass by themselves."""

import sqlite3

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

# Classes of SQLSTATE: connection, resources, system, operator; and of the others: locks, deadlocks, serialisation.
PASSING_CLASSES = ("08", "53", "57", "58")
PASSING = ("40001", "40P01", "55P03", "25P03")

AWAY = (DBAPIError, NoConnection, OSError)
"""What is raised where a database does not answer, or not as it should."""


def is_transient(error: BaseException) -> bool:
    """Tell whether a failure may pass by itself: locked, connection lost, disk full; a wrong query is not.

    Source: PostgreSQL, appendix A, error codes; SQLite, result codes.
    """
    if isinstance(error, OSError | NoConnection):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        # SQLite has one error class for a lock and for a column that does not exist.
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR)  # errors of the driver itself have none
        return isinstance(cause, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str):
        return state.startswith(PASSING_CLASSES) or state in PASSING
    return isinstance(error, OperationalError) or isinstance(cause, OSError)
