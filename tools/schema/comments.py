"""The comments of migrations/sql, which the catalogue does not keep."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

STATEMENT = re.compile(
    r"CREATE (?:OR REPLACE )?(?:UNIQUE |CONSTRAINT )?(TABLE|FUNCTION|INDEX|TRIGGER) (\w+)"
)
TRIGGERS_TABLE = re.compile(r"\bON (\w+)")
ALTERED = re.compile(r"ALTER TABLE (\w+)")
PART = re.compile(r"    (?:ADD )?(?:COLUMN )?(?:CONSTRAINT )?(\w+) ")

Comments = dict[tuple[str, ...], list[str]]


def read_comments(folder: Path) -> Comments:
    """Comments by what they stand above, each with its version's number before it.

    The keys are ("table", name), ("function", name), ("index", name), ("trigger", table, name) and
    ("part", table, name), which is a column or a constraint. What several versions define has the
    comments of each, in their order.
    """
    comments: Comments = defaultdict(list)
    for file in sorted(folder.glob("*.sql")):
        version = file.name.split("_")[0]
        for subject, lines in _commented(file.read_text().splitlines()):
            comments[subject].append(f"{version}: {' '.join(lines)}")
    return dict(comments)


def _commented(lines: list[str]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Each statement or part of a table with a comment right above it, and the comment's lines."""
    block: list[str] = []
    table = ""
    subject: tuple[str, ...]
    for number, line in enumerate(lines):
        if line.lstrip().startswith("--"):
            block.append(line.lstrip().removeprefix("--").strip())
            continue
        if made := STATEMENT.match(line):
            kind, name = made[1].lower(), made[2]
            table = name if kind == "table" else ""
            if kind == "trigger":
                on = TRIGGERS_TABLE.search("\n".join(lines[number : number + 3]))
                subject = ("trigger", on[1] if on else "", name)
            else:
                subject = (kind, name)
        elif altered := ALTERED.match(line):
            table, subject = altered[1], ()
        elif table and (part := PART.match(line)):
            subject = ("part", table, part[1])
        else:
            subject = ()
        if subject and block:
            yield subject, block
        block = []
        if line.endswith(";"):
            table = ""
