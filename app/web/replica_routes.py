"""Routes that may read from the replica.

Lists, searches, figures and reports. Never a page whose form carries the version of what it shows,
never a cart, never who may do what: users and tokens are looked up on the primary for every
request.
"""

from flask import Flask

MAY_LAG = (
    "dashboard.index",
    "dashboard.live",
    "items.index",
    "items.export",
    "reservations.index",
    "invoices.index",
    "invoices.units",
    "products.index",
    "inconsistencies.index",
    "reports.index",
    "reports.show",
    "reports.download",
    "api.list_item_statuses",
    "api.list_item_history",
    "api.get_dashboard",
    "api.list_products",
    "api.list_customers",
    "api.list_warehouses",
    "api.list_invoices",
)


class NotARead(RuntimeError):
    """A route in MAY_LAG that is not there, or that changes something."""


def refuse_all_but_reads(app: Flask) -> None:
    methods: dict[str, set[str]] = {endpoint: set() for endpoint in MAY_LAG}
    for rule in app.url_map.iter_rules():
        if rule.endpoint in methods:
            methods[rule.endpoint] |= (rule.methods or set()) - {"HEAD", "OPTIONS"}
    for endpoint, found in methods.items():
        if found != {"GET"}:
            answers = ", ".join(sorted(found)) or "nothing"
            raise NotARead(f"{endpoint} answers {answers}: only reads belong into MAY_LAG")
