"""The schema as a text for people: a section a table, with the functions of its triggers."""

from collections.abc import Iterator
from textwrap import fill

from tools.schema.catalogue import Catalogue, Function, Named, Table, Trigger
from tools.schema.comments import Comments
from tools.schema.layout import INDENT, WIDTH, comment, heading, lines_of, short

HEAD = """\
-- The schema as it is after all migrations, table by table, for people to read.
--
-- Written by `make schema`, and a test compares. To change it, add a migration (versions/, sql/)
-- and run `make schema` again.
--
-- The migrations stay as they were run, so they cannot be split by table; the sections of this file
-- are that split. A section has the functions that only its table uses, the table with its
-- constraints, its indexes, and its triggers in the order in which they fire, each below the
-- function that it runs. What several tables use stands before all tables.
--
-- Triggers are ENABLE ALWAYS: they fire even under session_replication_role = replica. The settings
-- of a transaction that they read and the errors that they raise (HF001 to HF005) are at the head
-- of sql/001_guards.sql.
--
-- Comments are those of the migrations. The number before each says which: 001 is sql/001_*.sql.
-- A comment is as old as its migration; where a later one has defined the same again, both stand.
--
-- psql makes the same schema from this file, in an empty database.
"""
SETTINGS = """\
-- A function may stand before a table that it reads.
SET check_function_bodies = off;
"""


def schema_text(catalogue: Catalogue, comments: Comments) -> str:
    """All sections, with an empty line between what they hold."""
    return "\n".join(_parts(catalogue, comments))


def tables_that_use(function: Function, catalogue: Catalogue) -> set[str]:
    """By themselves, or through other functions."""
    callers, before = {function.name}, set[str]()
    while callers != before:
        before = set(callers)
        callers |= {
            other.name for other in catalogue.functions if any(other.calls(name) for name in before)
        }
    return {table.name for table in catalogue.tables if any(table.uses(name) for name in callers)}


def referenced_first(tables: list[Table]) -> list[Table]:
    """Each table after those that its foreign keys point to."""
    by_name = {table.name: table for table in tables}
    ordered: dict[str, Table] = {}

    def place(table: Table) -> None:
        for name in table.references:
            if name not in ordered and name != table.name:
                place(by_name[name])
        ordered[table.name] = table

    for table in tables:
        if table.name not in ordered:
            place(table)
    return list(ordered.values())


def _parts(catalogue: Catalogue, comments: Comments) -> Iterator[str]:
    users = {f.definition: tables_that_use(f, catalogue) for f in catalogue.functions}
    tables = referenced_first(catalogue.tables)
    yield HEAD
    names = ", ".join(table.name for table in tables)
    yield f"-- The tables:\n{fill(names, WIDTH, initial_indent='-- ', subsequent_indent='-- ')}\n"
    yield SETTINGS
    if catalogue.extensions:
        yield "".join(f"CREATE EXTENSION {name};\n" for name in catalogue.extensions)
    if catalogue.sequences:
        yield "".join(f"{definition};\n" for definition in catalogue.sequences)
    yield heading("Functions that several tables use")
    for function in catalogue.functions:
        if len(users[function.definition]) > 1:
            yield _function(function, comments)
    yield heading("Functions that no table uses: the program calls them")
    for function in catalogue.functions:
        if not users[function.definition]:
            yield _function(function, comments)
    for table in tables:
        own = [f for f in catalogue.functions if users[f.definition] == {table.name}]
        yield from _section(table, own, comments)


def _section(table: Table, own: list[Function], comments: Comments) -> Iterator[str]:
    yield heading(table.name)
    for function in own:
        if not function.is_trigger:
            yield _function(function, comments)
    yield _create_table(table, comments)
    if table.indexes:
        yield "".join(_index(index, comments) for index in table.indexes)
    if table.rows:
        rows = ",\n".join(f"{INDENT}({row})" for row in table.rows)
        yield f"INSERT INTO {table.name} VALUES\n{rows};\n"
    functions = {function.name: function for function in own}
    for trigger in table.triggers:
        if trigger.function in functions:
            yield _function(functions.pop(trigger.function), comments)
        yield _trigger(table, trigger, comments)
    always = [f"ENABLE ALWAYS TRIGGER {each.name}" for each in table.triggers if each.always]
    if always:
        yield lines_of(f"ALTER TABLE {table.name} {', '.join(always)};") + "\n"


def _create_table(table: Table, comments: Comments) -> str:
    constraints = [
        Named(part.name, f"CONSTRAINT {part.name} {part.definition}") for part in table.constraints
    ]
    parts = ",\n".join(
        comment(comments.get(("part", table.name, part.name), []), INDENT)
        + lines_of(short(part.definition), INDENT)
        for part in [*table.columns, *constraints]
    )
    options = f" WITH ({table.options})" if table.options else ""
    above = comment(comments.get(("table", table.name), []))
    return f"{above}CREATE TABLE {table.name} (\n{parts}\n){options};\n"


def _index(index: Named, comments: Comments) -> str:
    above = comment(comments.get(("index", index.name), []))
    return above + lines_of(f"{short(index.definition)};") + "\n"


def _trigger(table: Table, trigger: Trigger, comments: Comments) -> str:
    above = comment(comments.get(("trigger", table.name, trigger.name), []))
    event, rest = short(trigger.definition).split(f" ON {table.name} ", 1)
    return f"{above}{event} ON {table.name}\n" + lines_of(f"{rest};", INDENT) + "\n"


def _function(function: Function, comments: Comments) -> str:
    above = comment(comments.get(("function", function.name), []))
    quote = "$function$" if "$$" in function.body else "$$"
    head = lines_of(f"{short(function.head).rstrip()} AS {quote}")
    return f"{above}{head}{function.body}{quote};\n"
