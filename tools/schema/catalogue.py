"""What PostgreSQL's catalogue says of a database: tables, functions, sequences, extensions."""

import re
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

#: Alembic's own.
LEFT_OUT = "alembic_version"
#: Their rows are written by migrations alone, and say what may happen.
TABLES_OF_RULES = ("inventory_transitions", "invoice_transitions", "step_places", "unit_places")

EXTENSIONS = "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"

# Those of identity columns are said by their columns.
SEQUENCES = """
    SELECT sequencename, data_type::text, start_value, increment_by, cache_size, cycle
    FROM pg_sequences s
    WHERE schemaname = 'public' AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.deptype = 'i'
            AND d.objid = format('%I.%I', schemaname, sequencename)::regclass)
    ORDER BY 1
"""

FUNCTIONS = """
    SELECT p.proname, p.prorettype = 'trigger'::regtype, pg_get_functiondef(p.oid)
    FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_depend d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    ORDER BY p.oid::regprocedure::text
"""

# In the order in which they were made.
TABLES = """
    SELECT c.oid, c.relname, array_to_string(c.reloptions, ', '),
        ARRAY(SELECT f.relname FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid
            WHERE k.conrelid = c.oid AND k.contype = 'f' ORDER BY f.oid)
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> %s
    ORDER BY c.oid
"""

COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(l.collname) END,
        pg_get_expr(d.adbin, d.adrelid, true), a.attgenerated, a.attidentity, a.attnotnull
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""

CONSTRAINTS = """
    SELECT conname, pg_get_constraintdef(oid, true) FROM pg_constraint
    WHERE conrelid = %s AND contype IN ('p', 'u', 'x', 'c', 'f')
    ORDER BY array_position('{p,u,x,c,f}', contype::text), conname
"""

# Those of constraints are said by their constraints.
INDEXES = """
    SELECT c.relname, pg_get_indexdef(i.indexrelid, 0, true)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = %s AND NOT EXISTS (
        SELECT FROM pg_constraint k
        WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    ORDER BY 1
"""

# In the order in which they fire: before the statement, before and after each row, after the
# statement, at the end of the transaction.
TRIGGERS = """
    SELECT t.tgname, p.proname, pg_get_triggerdef(t.oid, true), t.tgenabled = 'A'
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgrelid = %s AND NOT t.tgisinternal
    ORDER BY t.tginitdeferred, array_position(ARRAY[2, 3, 1, 0], t.tgtype & 3), t.tgname
"""

GENERATED = {"s": "STORED", "v": "VIRTUAL"}
BODY_QUOTE = "$function$"
BODY_AS = f"AS {BODY_QUOTE}"
SEARCH_PATH = re.compile(r"SET search_path TO .*")


@dataclass(frozen=True)
class Named:
    """A constraint or an index, and its definition."""

    name: str
    definition: str


@dataclass(frozen=True)
class Function:
    name: str
    is_trigger: bool
    definition: str

    def calls(self, name: str) -> bool:
        return mentions(self.body, name)

    @property
    def head(self) -> str:
        """Its name, arguments and settings."""
        head = self.definition.partition(BODY_AS)[0]
        head = head.replace("CREATE OR REPLACE FUNCTION public.", "CREATE FUNCTION ")
        return SEARCH_PATH.sub(lambda found: found[0].replace("'", "").replace(" TO", " ="), head)

    @property
    def body(self) -> str:
        return self.definition.partition(BODY_AS)[2].rstrip().removesuffix(BODY_QUOTE)


@dataclass(frozen=True)
class Trigger:
    name: str
    function: str
    definition: str
    always: bool
    """Fires under session_replication_role = replica, too."""


@dataclass(frozen=True)
class Table:
    name: str
    options: str | None
    references: list[str]
    """The tables that its foreign keys point to."""
    columns: list[Named]
    constraints: list[Named]
    indexes: list[Named]
    triggers: list[Trigger]
    rows: list[str]
    """Of a table of rules; the values of each row."""

    def uses(self, function: str) -> bool:
        """Whether it calls the function: in a trigger, a column, a constraint or an index."""
        parts = [*self.columns, *self.constraints, *self.indexes]
        return any(trigger.function == function for trigger in self.triggers) or any(
            mentions(part.definition, function) for part in parts
        )


@dataclass(frozen=True)
class Catalogue:
    extensions: list[str]
    sequences: list[str]
    functions: list[Function]
    tables: list[Table]


def mentions(definition: str, function: str) -> bool:
    return re.search(rf"\b{function}\s*\(", definition) is not None


def read_catalogue(connection: psycopg.Connection) -> Catalogue:
    """Read the schema; of the tables of rules their rows as well."""
    # Names without their schema, and times in one zone.
    connection.execute("SET search_path = public")
    connection.execute("SET timezone = 'UTC'")
    return Catalogue(
        extensions=[name for (name,) in connection.execute(EXTENSIONS)],
        sequences=[_sequence(*row) for row in connection.execute(SEQUENCES)],
        functions=[
            Function(name, is_trigger, definition)
            for name, is_trigger, definition in connection.execute(FUNCTIONS)
        ],
        tables=[
            _table(connection, *row) for row in connection.execute(TABLES, [LEFT_OUT]).fetchall()
        ],
    )


def _table(
    connection: psycopg.Connection,
    oid: int,
    name: str,
    options: str | None,
    references: list[str],
) -> Table:
    def about(query: LiteralString) -> list[Any]:
        return connection.execute(query, [oid]).fetchall()

    return Table(
        name=name,
        options=options,
        references=references,
        columns=[Named(row[0], _column(*row)) for row in about(COLUMNS)],
        constraints=[Named(*row) for row in about(CONSTRAINTS)],
        indexes=[Named(*row) for row in about(INDEXES)],
        triggers=[Trigger(*row) for row in about(TRIGGERS)],
        rows=_rows(connection, name) if name in TABLES_OF_RULES else [],
    )


def _rows(connection: psycopg.Connection, table: str) -> list[str]:
    """Each row's texts as SQL writes them, sorted."""
    rows = connection.execute(f"SELECT * FROM {table}").fetchall()
    return sorted(", ".join(sql.quote(value, connection) for value in row) for row in rows)


def _sequence(
    name: str, data_type: str, start: int, increment: int, cache: int, cycle: bool
) -> str:
    options = [
        f" AS {data_type}" if data_type != "bigint" else "",
        f" INCREMENT BY {increment}" if increment != 1 else "",
        f" START WITH {start}" if start != 1 else "",
        f" CACHE {cache}" if cache != 1 else "",
        " CYCLE" if cycle else "",
    ]
    return f"CREATE SEQUENCE {name}{''.join(options)}"


def _column(
    name: str,
    data_type: str,
    collation: str | None,
    expression: str | None,
    generated: str,
    identity: str,
    required: bool,
) -> str:
    parts = [name, data_type]
    if collation:
        parts.append(f"COLLATE {collation}")
    if required:
        parts.append("NOT NULL")
    if identity:
        parts.append(f"GENERATED {'ALWAYS' if identity == 'a' else 'BY DEFAULT'} AS IDENTITY")
    if generated:
        parts.append(f"GENERATED ALWAYS AS ({expression}) {GENERATED[generated]}")
    elif expression:
        parts.append(f"DEFAULT {expression}")
    return " ".join(parts)
