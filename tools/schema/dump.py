"""The whole of it: a migrated database's schema as the text of migrations/schema.sql."""

from pathlib import Path

import psycopg

from tools.schema.catalogue import read_catalogue
from tools.schema.comments import read_comments
from tools.schema.text import schema_text

SQL = Path(__file__).parents[2] / "migrations" / "sql"


def dump_schema(connection: psycopg.Connection) -> str:
    return schema_text(read_catalogue(connection), read_comments(SQL))
