"""Operations on products, with their stock by status."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import Field

from app.domain.accounts.roles import Permission
from app.queries.catalogue import products as queries
from app.services.catalogue.catalogue import create_product as create
from app.services.catalogue.catalogue import edit_product as edit
from app.web.api.framework.field_types import (
    Code,
    Input,
    Label,
    LabelOrEmpty,
    ListQuery,
    MoneyInput,
    MoneyOrEmpty,
    Text,
    Version,
)
from app.web.api.framework.operation import Link, operation
from app.web.api.responses import Product, ProductList

LINKS = {
    "read": Link("get_product", {"product_id": "$response.body#/id"}),
    "edit": Link("edit_product", {"product_id": "$response.body#/id"}),
}


class ProductsQuery(ListQuery):
    q: Text | None = Field(
        None, description="Words in any order, each a part of the SKU, the name or the barcode."
    )


class NewProduct(Input):
    sku: Code
    name: Text
    price: MoneyInput | None = None
    barcode: Label | None = None
    category: Label | None = None


class ProductChanges(Input):
    """What is left out stays; an empty text takes a price, barcode or category away."""

    sku: Code | None = None
    name: Text | None = None
    price: MoneyOrEmpty | None = None
    barcode: LabelOrEmpty | None = None
    category: LabelOrEmpty | None = None
    version: Version | None = None


@operation("GET", "/products", Permission.PRODUCT_READ, ProductList, query=ProductsQuery)
def list_products(query: ProductsQuery) -> ProductList:
    """Products by SKU."""
    page = queries.list_products(q=query.q, cursor=query.cursor, limit=query.limit)
    return ProductList(items=Product.all_of(page.items), next_cursor=page.next_cursor)


@operation(
    "POST",
    "/products",
    Permission.PRODUCT_EDIT,
    Product,
    status=201,
    body=NewProduct,
    refusals=("duplicate",),
    location="/api/products/{id}",
    links=LINKS,
)
def create_product(body: NewProduct) -> Product:
    """Make a product."""
    return _product(create(**body.model_dump()))


@operation("GET", "/products/{product_id}", Permission.PRODUCT_READ, Product)
def get_product(product_id: UUID) -> Product:
    """One product."""
    return _product(product_id)


@operation(
    "PATCH",
    "/products/{product_id}",
    Permission.PRODUCT_EDIT,
    Product,
    body=ProductChanges,
    refusals=("duplicate", "version-conflict"),
)
def edit_product(product_id: UUID, body: ProductChanges) -> Product:
    """Change what is said of a product."""
    before = queries.get_product(product_id)
    given = body.model_fields_set
    edit(
        product_id,
        sku=body.sku,
        name=body.name or before.name,
        price=_kept("price", given, body.price, before.price),
        barcode=_kept("barcode", given, body.barcode, before.barcode),
        category=_kept("category", given, body.category, before.category),
        # Without a version of the caller's: nothing that came between is overwritten.
        version=body.version or before.version,
    )
    return _product(product_id)


def _kept(name: str, given: set[str], value: Any, before: Decimal | str | None) -> Any:
    """An empty text takes away what there was."""
    if name not in given:
        return before
    return None if value == "" else value


def _product(product_id: UUID) -> Product:
    return Product.of(queries.get_product(product_id))
