import itertools
from uuid import uuid4

import pytest

from app.domain.errors import Duplicate, InvalidInput, NotFound
from app.models.user import SYSTEM_USER_ID
from app.services.accounts import users
from tests.support.shop import Shop

numbers = itertools.count()
PASSWORD = "correct horse battery"


def new_user(role: str = "staff") -> tuple[str, object]:
    email = f"Person{next(numbers)}@example.com"
    return email, users.create_user(email, name="Ana", role=role, password=PASSWORD)


@pytest.mark.usefixtures("real_hashes")
def test_a_user_signs_in_with_the_address_in_any_case_and_the_password(shop: Shop) -> None:
    email, user_id = new_user()
    assert users.check_password(f" {email.upper()} ", PASSWORD) == user_id
    assert shop.value("SELECT last_login_at IS NOT NULL FROM users WHERE id = %s", user_id)
    stored = shop.value("SELECT password_hash FROM users WHERE id = %s", user_id)
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


def test_nobody_signs_in_with_another_password_or_as_nobody(shop: Shop) -> None:
    email, user_id = new_user()
    for wrong in ["", PASSWORD.upper(), f"{PASSWORD} ", "x" * 5000, "a\x00b"]:
        assert users.check_password(email, wrong) is None
    for stranger in ["nobody@example.com", "", "a\x00b", "system@holdfast.invalid"]:
        assert users.check_password(stranger, PASSWORD) is None
    users.set_active(user_id, active=False)
    assert users.check_password(email, PASSWORD) is None
    users.set_active(user_id, active=True)
    assert users.check_password(email, PASSWORD) == user_id


def test_a_new_password_replaces_the_old_one(shop: Shop) -> None:
    email, user_id = new_user()
    users.set_password(user_id, "another good one")
    assert users.check_password(email, PASSWORD) is None
    assert users.check_password(email, "another good one") == user_id
    with pytest.raises(InvalidInput, match="password"):
        users.set_password(user_id, "short")


def test_an_address_is_given_once_in_any_case(shop: Shop) -> None:
    email, _user_id = new_user()
    with pytest.raises(Duplicate) as refused:
        users.create_user(email.lower(), name="Ben", role="staff", password=PASSWORD)
    assert refused.value.facts() == {"field": "email", "values": [email.lower()]}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a b@example.com"}, "email"),
        ({"email": "a\x00b@example.com"}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"role": "owner"}, "role"),
        ({"password": "1234567"}, "password"),
        ({"password": "x" * 1001}, "password"),
    ],
)
def test_what_is_wrong_with_a_user_is_said_per_field(shop: Shop, wrong, field) -> None:
    given = {"email": "new@example.com", "name": "Ana", "role": "staff", "password": PASSWORD}
    given |= wrong
    with pytest.raises(InvalidInput) as refused:
        users.create_user(given.pop("email"), **given)
    assert list(refused.value.errors) == [field]


def test_a_role_can_be_changed_to_one_that_exists(shop: Shop) -> None:
    _email, user_id = new_user()
    users.set_role(user_id, "manager")
    assert shop.value("SELECT role FROM users WHERE id = %s", user_id) == "manager"
    with pytest.raises(InvalidInput, match="role"):
        users.set_role(user_id, "owner")


def test_the_system_user_and_strangers_are_nobodys_to_change(shop: Shop) -> None:
    for user_id in [SYSTEM_USER_ID, uuid4()]:
        for change in [
            lambda user_id: users.set_role(user_id, "staff"),
            lambda user_id: users.set_password(user_id, PASSWORD),
            lambda user_id: users.set_active(user_id, active=False),
        ]:
            with pytest.raises(NotFound, match="user"):
                change(user_id)
