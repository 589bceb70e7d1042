"""Names of pages, for links to them."""

import re

from sqlalchemy import text

from app.database.transactions import db

UUID_IN_PATH = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
#: The path of a page -> the statement that gives its name.
NAMES = {
    f"/invoices/{UUID_IN_PATH}": "SELECT 'Invoice ' || number FROM invoices WHERE id = :id",
    f"/products/{UUID_IN_PATH}": "SELECT name FROM products WHERE id = :id",
    f"/inventory/{UUID_IN_PATH}": "SELECT serial_number FROM items WHERE id = :id",
}


def name_of_page(path: str) -> str | None:
    """The name of the thing that the page at ``path`` shows; None for any other page."""
    for pattern, statement in NAMES.items():
        if found := re.fullmatch(pattern, path):
            name: str | None = db.session.execute(text(statement), {"id": found[1]}).scalar()
            return name
    return None
