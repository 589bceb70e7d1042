"""Scopes of API tokens: each permission lies in one."""

from collections.abc import Collection
from enum import StrEnum

from app.domain.accounts.roles import Permission


class Scope(StrEnum):
    READ = "read"
    INVENTORY = "inventory"
    INVOICES = "invoices"
    REPORTS = "reports"
    ADMIN = "admin"


_P, _S = Permission, Scope

PERMISSION_SCOPES: dict[Permission, Scope | None] = {
    _P.PUBLIC: None,
    _P.SIGNED_IN: None,
    _P.ITEM_READ: _S.READ,
    _P.PRODUCT_READ: _S.READ,
    _P.CUSTOMER_READ: _S.READ,
    _P.INVOICE_READ: _S.READ,
    _P.ITEM_RECEIVE: _S.INVENTORY,
    _P.ITEM_EDIT: _S.INVENTORY,
    _P.ITEM_HOLD: _S.INVENTORY,
    _P.ITEM_RELEASE_OWN: _S.INVENTORY,
    _P.ITEM_RELEASE_ANY: _S.INVENTORY,
    _P.PRODUCT_EDIT: _S.INVENTORY,
    _P.WAREHOUSE_EDIT: _S.INVENTORY,
    _P.JOB_RUN: _S.INVENTORY,
    _P.CUSTOMER_EDIT: _S.INVOICES,
    _P.INVOICE_CREATE: _S.INVOICES,
    _P.INVOICE_PAY: _S.INVOICES,
    _P.INVOICE_DELIVER: _S.INVOICES,
    _P.INVOICE_CANCEL: _S.INVOICES,
    _P.REPORT_READ: _S.REPORTS,
    _P.INCONSISTENCY_READ: _S.REPORTS,
    _P.JOB_READ: _S.REPORTS,
    _P.INCONSISTENCY_FIX: _S.ADMIN,
    _P.ITEM_CORRECT_SERIAL: _S.ADMIN,
    _P.USER_MANAGE: _S.ADMIN,
    _P.TOKEN_MANAGE: _S.ADMIN,
}

#: What each scope opens, where a person chooses it.
SCOPE_WORDS: dict[Scope, str] = {
    _S.READ: "see stock, products, customers, invoices, history and the dashboard",
    _S.INVENTORY: "receive, edit, hold and release units; products and warehouses; cleanup",
    _S.INVOICES: "create, pay, deliver and cancel invoices; customers",
    _S.REPORTS: "reports, inconsistencies and job runs",
    _S.ADMIN: "fix inconsistencies, correct serial numbers, users, tokens",
}


def in_scope(scopes: Collection[str], permission: Permission) -> bool:
    """Whether a token with ``scopes`` reaches as far as ``permission``."""
    needed = PERMISSION_SCOPES[permission]
    return needed is None or needed in scopes
