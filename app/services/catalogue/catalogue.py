"""Products, customers, warehouses and locations: created and changed."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.database.transactions import constraint_name, db, transactional
from app.domain.errors import Duplicate, NotFound
from app.domain.input.email_address import clean_optional_email
from app.domain.input.fields import TextFields, cleaned_line
from app.domain.invoices.invoice_lifecycle import CustomerTier
from app.services.catalogue.customers import find_or_add_customer
from app.services.ledger.row_locks import check_version
from app.store_currency import store_currency

SKU_LENGTH_MAX = 50
NAME_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 100

#: Constraint -> the field that repeats what is there already, and how to say so.
UNIQUE = {
    "uq_products_sku": ("sku", "There is a product with the SKU {} already."),
    "uq_products_barcode": ("barcode", "Another product has the barcode {}."),
    "uq_warehouses_code": ("code", "There is a warehouse with the code {} already."),
    "uq_locations_warehouse_id": ("code", "The warehouse has a place called {} already."),
}


@transactional
def create_product(
    *,
    sku: str,
    name: str,
    price: Decimal | None = None,
    barcode: str | None = None,
    category: str | None = None,
) -> UUID:
    """The new product's id. Raises InvalidInput, Duplicate for a known SKU or barcode."""
    fields = TextFields()
    values = {
        "sku": fields.line("sku", sku, length_max=SKU_LENGTH_MAX),
        **_product_facts(fields, name=name, price=price, barcode=barcode, category=category),
    }
    fields.refuse()
    return _insert(
        """INSERT INTO products (sku, name, price, barcode, category)
        VALUES (:sku, :name, :price, :barcode, :category) RETURNING id""",
        values,
    )


@transactional
def edit_product(
    product_id: UUID,
    *,
    name: str,
    price: Decimal | None,
    barcode: str | None,
    category: str | None,
    sku: str | None = None,
    version: int | None = None,
) -> None:
    """Change what is said about a product; without an SKU it keeps its own.

    Raises InvalidInput, NotFound, VersionConflict, Duplicate.
    """
    fields = TextFields()
    new_sku = fields.line("sku", sku, length_max=SKU_LENGTH_MAX) if sku is not None else None
    facts = _product_facts(fields, name=name, price=price, barcode=barcode, category=category)
    fields.refuse()
    product = db.session.execute(
        text("SELECT sku, version FROM products WHERE id = :id FOR NO KEY UPDATE"),
        {"id": product_id},
    ).one_or_none()
    if product is None:
        raise NotFound("product", [product_id])
    check_version(f"product {product.sku}", asked=version, current=product.version)
    values = {"id": product_id, "sku": new_sku or product.sku, **facts}
    _insert(
        """UPDATE products SET sku = :sku, name = :name, price = :price, barcode = :barcode,
            category = :category, version = version + 1, updated_at = clock_timestamp()
        WHERE id = :id RETURNING id""",
        values,
    )


@transactional
def create_customer(
    *, name: str, email: str | None = None, tier: str = CustomerTier.STANDARD
) -> UUID:
    """The new customer's id. Raises InvalidInput, Duplicate for a known e-mail address."""
    fields = TextFields()
    name = fields.line("name", name, length_max=NAME_LENGTH_MAX)
    fields.errors |= email_errors("email", email)
    if tier not in set(CustomerTier):
        fields.errors["tier"] = f"Choose one of: {', '.join(CustomerTier)}."
    fields.refuse()
    address = clean_optional_email(email)
    customer = find_or_add_customer(name, address, tier)
    if not customer.is_new:
        raise Duplicate(
            f"The customer {customer.name} has the e-mail address {address} already.",
            field="email",
            values=[address or ""],
            known={"id": str(customer.id), "name": customer.name},
        )
    return customer.id


@transactional
def create_warehouse(*, code: str, name: str) -> UUID:
    """The new warehouse's id. Raises InvalidInput, Duplicate for a known code."""
    fields = TextFields()
    values = {
        "code": fields.line("code", code, length_max=SKU_LENGTH_MAX),
        "name": fields.line("name", name, length_max=NAME_LENGTH_MAX),
    }
    fields.refuse()
    return _insert("INSERT INTO warehouses (code, name) VALUES (:code, :name) RETURNING id", values)


@transactional
def create_location(*, warehouse_id: UUID, code: str) -> UUID:
    """The new place's id. Raises InvalidInput, NotFound, Duplicate for a known code."""
    code = cleaned_line("code", code, length_max=TEXT_LENGTH_MAX)
    if not db.session.scalar(
        text("SELECT true FROM warehouses WHERE id = :id"), {"id": warehouse_id}
    ):
        raise NotFound("warehouse", [warehouse_id])
    return _insert(
        "INSERT INTO locations (warehouse_id, code) VALUES (:warehouse_id, :code) RETURNING id",
        {"warehouse_id": warehouse_id, "code": code},
    )


def email_errors(name: str, email: str | None) -> dict[str, str]:
    """What is wrong with an e-mail address that may be missing."""
    try:
        clean_optional_email(email)
    except ValueError as wrong:
        return {name: f"{wrong} It may also be left empty."}
    return {}


def _product_facts(
    fields: TextFields,
    *,
    name: str,
    price: Decimal | None,
    barcode: str | None,
    category: str | None,
) -> dict[str, object]:
    if price is not None and store_currency().exact(price) is None:
        fields.errors["price"] = store_currency().limits()
    return {
        "name": fields.line("name", name, length_max=NAME_LENGTH_MAX),
        "price": price,
        "barcode": fields.optional_line("barcode", barcode, length_max=TEXT_LENGTH_MAX),
        "category": fields.optional_line("category", category, length_max=TEXT_LENGTH_MAX),
    }


def _insert(statement: str, values: Mapping[str, object]) -> UUID:
    try:
        row_id: UUID = db.session.scalars(text(statement), dict(values)).one()
    except IntegrityError as error:
        known = UNIQUE.get(constraint_name(error) or "")
        if known is None:
            raise
        field, words = known
        value = str(values[field])
        raise Duplicate(words.format(value), field=field, values=[value]) from error
    return row_id
