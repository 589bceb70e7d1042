"""Statements of the hot path on the driver's own cursor, in the session's transaction.

SQLAlchemy's way from a text to rows costs three times as much as the driver's, which a page does
not notice and a thousand reservations a second do. Errors are SQLAlchemy's, as everywhere.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import psycopg

from app.database.transactions import as_dbapi_error, driver_connection

Row = tuple[Any, ...]


def fetch_rows(statement: str, parameters: Mapping[str, Any]) -> list[Row]:
    """The rows that ``statement`` gives; ``:name`` in it is a parameter."""
    return _execute(statement, parameters).fetchall()


def execute(statement: str, parameters: Mapping[str, Any]) -> int:
    """How many rows ``statement`` wrote."""
    return _execute(statement, parameters).rowcount


def _execute(statement: str, parameters: Mapping[str, Any]) -> psycopg.Cursor[Row]:
    connection = driver_connection()
    cursor = connection.cursor()
    try:
        return cursor.execute(_for_driver(statement), parameters)
    except psycopg.Error as error:
        raise as_dbapi_error(error, statement) from error


@cache
def _for_driver(statement: str) -> bytes:
    # A colon before a name, but not the second one of a cast.
    named = re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", statement.replace("%", "%%"))
    return named.encode()
