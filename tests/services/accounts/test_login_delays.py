"""Wrong passwords slow down guessing, and lock the right person out for a moment at most."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from app.domain.accounts.login_delay import ACCOUNT, ACCOUNT_AT_ADDRESS, ADDRESS
from app.domain.errors import LogInDelayed
from app.services.accounts.login_delays import LoginAttempt, LogInDelays, keys_of

SHOP, ATTACKER = "192.0.2.1", "198.51.100.1"
CLERK = "clerk@example.com"


@pytest.fixture(params=["shared", "own"])
def delays(request, empty_redis: str) -> LogInDelays:
    return LogInDelays(empty_redis if request.param == "shared" else None)


@pytest.fixture
def later(delays: LogInDelays) -> Callable[[float], None]:
    """Lets seconds pass, as far as the counters know."""

    def pass_time(seconds: float) -> None:
        if delays.shared is None:
            delays.own.attempts = {
                key: (count, at - seconds) for key, (count, at) in delays.own.attempts.items()
            }
            return
        for key in delays.shared.client.scan_iter("limits:log-in:*"):
            if delays.shared.client.type(key) == b"hash":
                delays.shared.client.hincrby(key, "at", -int(seconds * 1000))

    return pass_time


def wait(delays: LogInDelays, email: str, address: str) -> int:
    """0 when the attempt was let through, else the seconds that it has to wait."""
    try:
        delays.begin(email, address)
    except LogInDelayed as refused:
        return refused.wait_seconds
    return 0


def guess(delays: LogInDelays, times: int, email: str = CLERK, address: str = ATTACKER) -> None:
    for _ in range(times):
        assert wait(delays, email, address) == 0


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 0), (3, 0), (4, 1), (5, 2), (6, 4), (9, 32), (10, 60), (11, 60), (10**9, 60)],
)
def test_the_wait_doubles_up_to_a_minute(attempts: int, seconds: int) -> None:
    assert ACCOUNT_AT_ADDRESS.seconds(attempts) == seconds


def test_waits_as_the_rule_says(delays: LogInDelays, later) -> None:
    guess(delays, 4)
    for seconds in (1, 2, 4, 8, 16, 32, 60, 60):
        assert seconds / 2 < wait(delays, CLERK, ATTACKER) <= seconds
        later(seconds)
        guess(delays, 1)


def test_the_wait_begins_when_the_refusal_goes_out(delays: LogInDelays, later) -> None:
    for attempts in range(1, 10):
        guess(delays, 1)
        later(ACCOUNT_AT_ADDRESS.seconds(attempts))
    slow = delays.begin(CLERK, ATTACKER)
    later(59)
    delays.failed(slow)
    assert 50 < wait(delays, CLERK, ATTACKER) <= 60


def test_an_attempt_during_the_wait_does_not_lengthen_it(delays: LogInDelays, later) -> None:
    for attempts in range(1, 11):
        guess(delays, 1)
        later(ACCOUNT_AT_ADDRESS.seconds(attempts) if attempts < 10 else 0)
    for _ in range(20):
        assert 50 < wait(delays, CLERK, ATTACKER) <= 60
    later(60)
    assert wait(delays, CLERK, ATTACKER) == 0


def test_sixty_at_once_count_like_one_after_another(delays: LogInDelays) -> None:
    with ThreadPoolExecutor(20) as guessers:
        waits = list(guessers.map(lambda _: wait(delays, CLERK, ATTACKER), range(60)))
    assert 4 <= waits.count(0) <= 6  # one more for each second that this takes


def test_a_success_resets_it(delays: LogInDelays) -> None:
    for _ in range(5):
        guess(delays, 3)
        delays.succeeded(delays.begin(CLERK, ATTACKER))


def test_what_was_not_judged_does_not_count(delays: LogInDelays) -> None:
    for _ in range(20):
        delays.not_judged(delays.begin(CLERK, ATTACKER))
    guess(delays, 4)


def test_it_is_forgotten_after_a_while(delays: LogInDelays, later) -> None:
    guess(delays, 4)
    if delays.shared is not None:
        pair = keys_of(CLERK, ATTACKER).counters[0]
        left = delays.shared.client.ttl(pair)
        assert 0 < left <= ACCOUNT_AT_ADDRESS.kept_seconds
        return
    later(ACCOUNT_AT_ADDRESS.kept_seconds)
    guess(delays, 4)


def attack(delays: LogInDelays) -> None:
    """One account, from a new address each time, until the account itself waits."""
    for number in range(ACCOUNT.free + 10):
        wait(delays, CLERK, f"203.0.113.{number}")
    assert wait(delays, CLERK, "203.0.113.200") > 0


def test_an_attack_from_everywhere_slows_the_account_down(delays: LogInDelays, later) -> None:
    attack(delays)
    assert wait(delays, CLERK, SHOP) <= ACCOUNT.seconds_max
    later(ACCOUNT.seconds_max)
    assert wait(delays, CLERK, SHOP) == 0


def test_and_does_not_keep_the_clerk_out_of_the_shop(delays: LogInDelays) -> None:
    delays.succeeded(delays.begin(CLERK, SHOP))
    attack(delays)
    delays.succeeded(delays.begin(CLERK, SHOP))
    assert wait(delays, "another@example.com", SHOP) == 0


def test_one_address_that_tries_many_accounts_is_slowed_down(delays: LogInDelays) -> None:
    delays.succeeded(delays.begin(CLERK, ATTACKER))
    for number in range(ADDRESS.free + 1):
        guess(delays, 1, f"{number}@example.com")
    assert 0 < wait(delays, "next@example.com", ATTACKER) <= ADDRESS.seconds_max
    assert wait(delays, CLERK, ATTACKER) == 0
    assert wait(delays, "next@example.com", SHOP) == 0


def test_ones_own_log_ins_buy_no_guesses(delays: LogInDelays) -> None:
    for number in range(ADDRESS.free + 1):
        guess(delays, 1, f"{number}@example.com")
        if number < ADDRESS.free:
            delays.succeeded(delays.begin("mine@example.com", ATTACKER))
    assert wait(delays, "next@example.com", ATTACKER) > 0


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ((CLERK, SHOP), (f" {CLERK.upper()} ", SHOP)),
        ((CLERK, SHOP), (f"cl\u200berk\u00ad{CLERK.removeprefix('clerk')}", SHOP)),
        ((CLERK, SHOP), (f"ｃｌｅｒｋ{CLERK.removeprefix('clerk')}", SHOP)),
        ((CLERK, "2001:db8:1:2::1"), (CLERK, "2001:db8:1:2:ffff::9")),
        ((CLERK, "192.0.2.1"), (CLERK, "::ffff:192.0.2.1")),
    ],
)
def test_what_is_the_same_counts_together(one, same) -> None:
    assert keys_of(*one) == keys_of(*same)


def test_processes_count_together_and_a_flush_locks_nobody_out(empty_redis: str) -> None:
    first, second = LogInDelays(empty_redis), LogInDelays(empty_redis)
    guess(first, 2)
    guess(second, 2)
    assert wait(first, CLERK, ATTACKER) > 0
    assert wait(second, CLERK, ATTACKER) > 0
    with Redis.from_url(empty_redis) as client:
        client.flushdb()
    assert wait(second, CLERK, ATTACKER) == 0


def test_without_the_server_each_process_counts_by_itself() -> None:
    delays = LogInDelays("redis://127.0.0.1:1/0")
    guess(delays, 4)
    assert wait(delays, CLERK, ATTACKER) > 0
    delays.succeeded(LoginAttempt(keys_of(CLERK, ATTACKER), keys_of(CLERK, ATTACKER).counters))
    assert wait(delays, CLERK, ATTACKER) == 0


def test_no_address_of_a_person_is_kept(empty_redis: str) -> None:
    delays = LogInDelays(empty_redis)
    delays.succeeded(delays.begin(CLERK, SHOP))
    guess(delays, 1)
    with Redis.from_url(empty_redis) as client:
        keys = [key.decode() for key in client.scan_iter("*")]
    assert keys
    assert not any("clerk" in key or SHOP in key for key in keys)
