"""Roles and what each may do. Every role has all of the one before."""

from enum import StrEnum


class Role(StrEnum):
    STAFF = "staff"
    MANAGER = "manager"
    ADMIN = "admin"


class Permission(StrEnum):
    """Named ``resource:action``. PUBLIC is for pages that ask for no log-in."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    ITEM_READ = "item:read"
    ITEM_RECEIVE = "item:receive"
    ITEM_EDIT = "item:edit"
    ITEM_CORRECT_SERIAL = "item:correct-serial"
    ITEM_HOLD = "item:hold"
    ITEM_RELEASE_OWN = "item:release-own"
    ITEM_RELEASE_ANY = "item:release-any"
    PRODUCT_READ = "product:read"
    PRODUCT_EDIT = "product:edit"
    CUSTOMER_READ = "customer:read"
    CUSTOMER_EDIT = "customer:edit"
    INVOICE_READ = "invoice:read"
    INVOICE_CREATE = "invoice:create"
    INVOICE_PAY = "invoice:pay"
    INVOICE_DELIVER = "invoice:deliver"
    INVOICE_CANCEL = "invoice:cancel"
    REPORT_READ = "report:read"
    INCONSISTENCY_READ = "inconsistency:read"
    INCONSISTENCY_FIX = "inconsistency:fix"
    JOB_READ = "job:read"
    JOB_RUN = "job:run"
    USER_MANAGE = "user:manage"
    TOKEN_MANAGE = "token:manage"
    WAREHOUSE_EDIT = "warehouse:edit"


_P = Permission

_STAFF = frozenset(
    {
        _P.PUBLIC,
        _P.SIGNED_IN,
        _P.ITEM_READ,
        _P.ITEM_RECEIVE,
        _P.ITEM_EDIT,
        _P.ITEM_HOLD,
        _P.ITEM_RELEASE_OWN,
        _P.PRODUCT_READ,
        _P.PRODUCT_EDIT,
        _P.CUSTOMER_READ,
        _P.CUSTOMER_EDIT,
        _P.INVOICE_READ,
        _P.INVOICE_CREATE,
        _P.INVOICE_PAY,
        _P.INVOICE_DELIVER,
    }
)
_MANAGER = _STAFF | {
    _P.INVOICE_CANCEL,
    _P.ITEM_RELEASE_ANY,
    _P.REPORT_READ,
    _P.INCONSISTENCY_READ,
    _P.JOB_READ,
    _P.JOB_RUN,
    _P.WAREHOUSE_EDIT,
}
_ADMIN = _MANAGER | {
    _P.INCONSISTENCY_FIX,
    _P.ITEM_CORRECT_SERIAL,
    _P.USER_MANAGE,
    _P.TOKEN_MANAGE,
}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.STAFF: _STAFF,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: _ADMIN,
}


def may(role: str, permission: Permission) -> bool:
    """Whether a user with ``role`` has ``permission``."""
    return permission in ROLE_PERMISSIONS[Role(role)]


def least_role_with(permission: Permission) -> Role:
    """The lowest role that has ``permission``, for saying who may do a thing."""
    return next(role for role in Role if permission in ROLE_PERMISSIONS[role])
