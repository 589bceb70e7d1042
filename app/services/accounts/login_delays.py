"""Delays log-ins after wrong passwords, for all processes, in Redis.

An attempt counts before its password is checked, so that many at once are not free, and is taken
back when the password was right. While the server is away each process counts by itself; what it
forgets makes nobody wait longer.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from threading import Lock
from typing import Protocol, TypeVar

from redis import Redis, RedisError

from app.domain.accounts.login_delay import (
    ACCOUNT,
    ACCOUNT_AT_ADDRESS,
    ADDRESS,
    KNOWN_DAYS,
)
from app.domain.errors import LogInDelayed
from app.domain.text.folding import fold_text

PREFIX = "limits:log-in"
ANSWER_SECONDS = 0.25
PAUSE_AFTER_FAILURE_SECONDS = 5.0
KEYS_MAX = 20_000
RULES = (ACCOUNT_AT_ADDRESS, ACCOUNT, ADDRESS)
KEPT_SECONDS = max(rule.kept_seconds for rule in RULES)
KNOWN_SECONDS = KNOWN_DAYS * 24 * 3600
#: Counts one more attempt under every key, unless one of them has to wait. Answers how many keys
#: it counted under, or how many milliseconds to wait, as a negative number. KEYS: as many as
#: rules, then the mark of a known address, where only the first rule holds. ARGV: free,
#: seconds_max, kept_seconds of each rule.
BEGIN = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local rules = #KEYS - 1
if redis.call('EXISTS', KEYS[#KEYS]) == 1 then rules = 1 end
local wait = 0
for i = 1, rules do
  local found = redis.call('HMGET', KEYS[i], 'attempts', 'at')
  local over = tonumber(found[1] or '0') - tonumber(ARGV[3 * i - 2])
  if over > 0 then
    local delay = math.min(2 ^ (over - 1), tonumber(ARGV[3 * i - 1])) * 1000
    wait = math.max(wait, math.min(tonumber(found[2]) + delay - now, delay))
  end
end
if wait > 0 then return -math.ceil(wait) end
for i = 1, rules do
  redis.call('HINCRBY', KEYS[i], 'attempts', 1)
  redis.call('HSET', KEYS[i], 'at', now)
  redis.call('EXPIRE', KEYS[i], ARGV[3 * i])
end
return rules
"""
#: Takes one attempt back under each key that is still there.
TAKE_BACK = """
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('HGET', key, 'attempts') or '0') > 0 then
    redis.call('HINCRBY', key, 'attempts', -1)
  end
end
"""
#: The wait begins when the refusal goes out: checking a password takes its time.
FAILED = """
local clock = redis.call('TIME')
for _, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then
    redis.call('HSET', key, 'at', clock[1] * 1000 + math.floor(clock[2] / 1000))
  end
end
"""
T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Keys:
    """``counters`` belong to RULES, one each."""

    counters: tuple[str, ...]
    known: str


@dataclass(frozen=True)
class LoginAttempt:
    """``counted``: the counters that it stands in."""

    keys: Keys
    counted: tuple[str, ...]


class DelayStore(Protocol):
    def begin(self, keys: Keys) -> float:
        """Under how many counters it counted, or minus the seconds to wait."""

    def failed(self, counters: Sequence[str]) -> None: ...

    def forget(self, counter: str) -> None: ...

    def take_back(self, counters: Sequence[str]) -> None: ...

    def remember(self, known: str) -> None: ...


class LogInDelays:
    """``silent_until``: on this process's monotonic clock, while the server is left alone."""

    def __init__(self, redis_url: str | None) -> None:
        self.own = MemoryStore()
        self.shared = RedisStore(redis_url) if redis_url else None
        self.silent_until = 0.0

    def begin(self, email: str, address: str) -> LoginAttempt:
        """Count an attempt. Raises LogInDelayed while earlier ones make it wait."""
        keys = keys_of(email, address)
        counted = self._ask(lambda store: store.begin(keys))
        if counted < 0:
            raise LogInDelayed(-counted)
        return LoginAttempt(keys, keys.counters[: int(counted)])

    def failed(self, attempt: LoginAttempt) -> None:
        """The password was wrong: the wait begins now."""
        self._ask(lambda store: store.failed(attempt.counted))

    def succeeded(self, attempt: LoginAttempt) -> None:
        """It costs nothing, and from this address the account is not held up by strangers."""
        self._ask(lambda store: store.forget(attempt.keys.counters[0]))
        self._ask(lambda store: store.take_back(attempt.counted[1:]))
        self._ask(lambda store: store.remember(attempt.keys.known))

    def not_judged(self, attempt: LoginAttempt) -> None:
        """The password could not be checked, which was not the person's doing."""
        self._ask(lambda store: store.take_back(attempt.counted))

    def _ask(self, question: Callable[[DelayStore], T]) -> T:
        now = time.monotonic()
        if self.shared is not None and now >= self.silent_until:
            try:
                return question(self.shared)
            except (RedisError, OSError) as error:
                self.silent_until = now + PAUSE_AFTER_FAILURE_SECONDS
                logger.warning("log-in attempts are counted per process for a while: %s", error)
        return question(self.own)


class RedisStore:
    def __init__(self, redis_url: str) -> None:
        # Connects when it is first asked.
        self.client: Redis = Redis.from_url(
            redis_url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
        )
        self._begin = self.client.register_script(BEGIN)
        self._failed = self.client.register_script(FAILED)
        self._take_back = self.client.register_script(TAKE_BACK)

    def begin(self, keys: Keys) -> float:
        rules = [n for rule in RULES for n in (rule.free, rule.seconds_max, rule.kept_seconds)]
        answer = int(self._begin(keys=[*keys.counters, keys.known], args=rules))
        return answer if answer >= 0 else answer / 1000

    def failed(self, counters: Sequence[str]) -> None:
        self._failed(keys=counters)

    def forget(self, counter: str) -> None:
        self.client.delete(counter)

    def take_back(self, counters: Sequence[str]) -> None:
        if counters:
            self._take_back(keys=counters)

    def remember(self, known: str) -> None:
        self.client.set(known, 1, ex=KNOWN_SECONDS)


class MemoryStore:
    """What RedisStore does, for one process, on its monotonic clock."""

    def __init__(self) -> None:
        self.attempts: dict[str, tuple[int, float]] = {}
        self.known: set[str] = set()
        self.lock = Lock()

    def begin(self, keys: Keys) -> float:
        now = time.monotonic()
        with self.lock:
            self._make_room()
            counters = keys.counters[:1] if keys.known in self.known else keys.counters
            found = [self._attempts(counter, now) for counter in counters]
            wait = max(
                at + rule.seconds(count) - now
                for (count, at), rule in zip(found, RULES, strict=False)
            )
            if wait > 0:
                return -wait
            for counter, (count, _) in zip(counters, found, strict=True):
                self.attempts[counter] = (count + 1, now)
        return len(counters)

    def failed(self, counters: Sequence[str]) -> None:
        now = time.monotonic()
        with self.lock:
            for counter in counters:
                if counter in self.attempts:
                    self.attempts[counter] = (self.attempts[counter][0], now)

    def forget(self, counter: str) -> None:
        with self.lock:
            self.attempts.pop(counter, None)

    def take_back(self, counters: Sequence[str]) -> None:
        with self.lock:
            for counter in counters:
                count, at = self.attempts.get(counter, (0, 0.0))
                if count > 0:
                    self.attempts[counter] = (count - 1, at)

    def remember(self, known: str) -> None:
        with self.lock:
            self.known.add(known)

    def _attempts(self, counter: str, now: float) -> tuple[int, float]:
        count, at = self.attempts.get(counter, (0, now))
        return (count, at) if now - at < KEPT_SECONDS else (0, now)

    def _make_room(self) -> None:
        if len(self.attempts) + len(self.known) >= KEYS_MAX:
            self.attempts.clear()
            self.known.clear()


def keys_of(email: str, address: str) -> Keys:
    """Hashes, so that the server keeps nobody's e-mail address.

    All spellings that find the same user are one account.
    """
    account, place = fold_text(email), _network(address)
    return Keys(
        (_key("pair", account, place), _key("account", account), _key("address", place)),
        _key("known", account, place),
    )


def _key(kind: str, *parts: str) -> str:
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{PREFIX}:{kind}:{digest[:32]}"


def _network(address: str) -> str:
    """A household or a shop has 2^64 addresses of IPv6."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return found.ipv4_mapped.compressed if found.ipv4_mapped else found.exploded[:19]
    return found.compressed
