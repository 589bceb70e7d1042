"""Hashes wait for each other, not everybody for them."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.database.transactions import transactional
from app.domain.errors import LogInBusy
from app.services.accounts import passwords, users
from app.services.accounts.passwords import NICENESS, Places
from tests.support.shop import Shop

pytestmark = pytest.mark.usefixtures("real_hashes")


@pytest.fixture
def places():
    made = Places(1, waiting_max=2, seconds_max=30)
    yield made
    made.threads.shutdown()


def test_so_many_are_at_work_so_many_wait_and_the_rest_are_told(places: Places) -> None:
    release, began = threading.Event(), threading.Semaphore(0)
    at_work: list[int] = []

    def job() -> int:
        at_work.append(1)
        began.release()
        release.wait(30)
        return at_work.pop()

    with ThreadPoolExecutor(3) as people:
        asked = [people.submit(places.work, job) for _ in range(3)]
        assert began.acquire(timeout=30)
        while places.taken < 3:
            pass
        assert len(at_work) == 1
        with pytest.raises(LogInBusy):
            places.work(lambda: 1)
        release.set()
        assert [each.result(30) for each in asked] == [1, 1, 1]
    assert places.work(lambda: 5) == 5


def test_nobody_waits_for_ever() -> None:
    places, release = Places(1, waiting_max=2, seconds_max=0.05), threading.Event()
    with pytest.raises(LogInBusy):
        places.work(lambda: release.wait(30))
    release.set()
    places.threads.shutdown()
    assert places.taken == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only there threads have priorities")
def test_a_hash_gives_way_to_everything_else(places: Places) -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert places.work(priority) - priority() == NICENESS


def test_no_password_is_hashed_inside_a_transaction(shop: Shop) -> None:
    @transactional
    def hash_in_here() -> None:
        passwords.new_password("long enough to be hashed")

    with pytest.raises(RuntimeError, match="inside a transaction"):
        hash_in_here()


def test_a_password_set_while_the_old_one_is_checked_wins(shop: Shop, monkeypatch) -> None:
    users.set_password(shop.colleague, "the first password")
    verify = passwords._verify

    def verify_late(password_hash: str, password: str) -> bool:
        right = verify(password_hash, password)
        shop.execute(
            "UPDATE users SET password_hash = %s WHERE id = %s",
            passwords.hasher.hash("the second password"),
            shop.colleague,
        )
        return right

    monkeypatch.setattr(passwords, "_verify", verify_late)
    assert users.check_password("colleague@example.com", "the first password") is None
    monkeypatch.undo()
    assert users.check_password("colleague@example.com", "the second password") is not None


def test_an_old_kind_of_hash_is_renewed_at_log_in(shop: Shop) -> None:
    weak = passwords.PasswordHasher(time_cost=1, memory_cost=1024).hash("long enough")
    shop.execute("UPDATE users SET password_hash = %s WHERE id = %s", weak, shop.colleague)
    assert users.check_password("colleague@example.com", "long enough") == shop.colleague
    stored = shop.value("SELECT password_hash FROM users WHERE id = %s", shop.colleague)
    assert stored != weak
    assert not passwords.outdated(stored)
    assert users.check_password("colleague@example.com", "long enough") == shop.colleague
