import pytest

from app.domain.accounts.roles import ROLE_PERMISSIONS, Permission, Role, least_role_with, may

#: Which role is the first that may do it, as the contract's table says.
FIRST_ROLE = {
    "staff": {
        "public",
        "signed-in",
        "item:read",
        "item:receive",
        "item:edit",
        "item:hold",
        "item:release-own",
        "product:read",
        "product:edit",
        "customer:read",
        "customer:edit",
        "invoice:read",
        "invoice:create",
        "invoice:pay",
        "invoice:deliver",
    },
    "manager": {
        "invoice:cancel",
        "item:release-any",
        "report:read",
        "inconsistency:read",
        "job:read",
        "job:run",
        "warehouse:edit",
    },
    "admin": {"inconsistency:fix", "item:correct-serial", "user:manage", "token:manage"},
}
EVERY_PAIR = [
    (role, permission, Role(first))
    for role in Role
    for first, permissions in FIRST_ROLE.items()
    for permission in sorted(permissions)
]


def test_every_permission_is_given_to_somebody() -> None:
    assert set().union(*FIRST_ROLE.values()) == set(Permission)


@pytest.mark.parametrize(("role", "permission", "first"), EVERY_PAIR)
def test_a_role_may_what_it_and_those_before_it_are_given(role, permission, first) -> None:
    order = list(Role)
    assert may(role, Permission(permission)) == (order.index(role) >= order.index(first))
    assert least_role_with(Permission(permission)) == first


def test_each_role_has_all_of_the_one_before() -> None:
    assert (
        ROLE_PERMISSIONS[Role.STAFF] < ROLE_PERMISSIONS[Role.MANAGER] < ROLE_PERMISSIONS[Role.ADMIN]
    )


def test_a_role_that_does_not_exist_may_nothing() -> None:
    with pytest.raises(ValueError, match="owner"):
        may("owner", Permission.ITEM_READ)
