"""Limits requests per token or address, counted in Redis.

When that is away the API works on without limits, and says so in the log.
"""

import time
from dataclasses import dataclass, field
from threading import Lock

from flask import Flask, Response, current_app, g, request
from flask_login import current_user
from limits import RateLimitItem, parse
from limits.storage import Storage, storage_from_string
from redis import RedisError
from werkzeug.exceptions import TooManyRequests

from app.settings import Settings
from app.web.authentication import API
from app.web.extensions import limiter_storage

EXTENSION = "api_rate_limits"
REDIS_TIMEOUT_SECONDS = 0.25
PAUSE_AFTER_FAILURE_SECONDS = 5.0
#: A process tells the server of its requests when they are this part of a limit, not one by one.
TOLD_AT_ONCE = 1 / 1000
SHARES_MAX = 10_000


@dataclass
class Share:
    """What one window has seen: by all processes, as last heard, and by this one since."""

    window: int
    used: int = 0
    untold: int = 0


@dataclass
class RateLimits:
    """``silent_until``: on this process's monotonic clock, while the server is left alone."""

    storage: Storage
    per_user: RateLimitItem
    per_address: RateLimitItem
    silent_until: float = 0.0
    shares: dict[str, Share] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def count(self, key: str, item: RateLimitItem, window: int) -> int:
        """Count one more request in a window; how many there are now, give or take a thousandth."""
        with self.lock:
            share = self.shares.get(key)
            if share is None or share.window != window:
                self._forget_before(window)
                share = self.shares[key] = Share(window)
            share.untold += 1
            if share.used and share.untold < item.amount * TOLD_AT_ONCE:
                return share.used + share.untold
            telling, share.untold = share.untold, 0
        used = self.storage.incr(f"holdfast-api/{key}/{window}", item.get_expiry(), amount=telling)
        # Another thread may have heard of a later one meanwhile; this request is none of those.
        share.used = max(share.used, used)
        return used

    def _forget_before(self, window: int) -> None:
        if len(self.shares) >= SHARES_MAX:
            self.shares = {key: one for key, one in self.shares.items() if one.window == window}


@dataclass(frozen=True)
class RateLimitState:
    """What is left of a window of ``seconds``, which ends in ``reset_seconds``."""

    name: str
    limit: int
    remaining: int
    seconds: int
    reset_seconds: int
    exceeded: bool


def register(app: Flask, settings: Settings) -> None:
    """Must come before the check of permissions, so that refused requests count as well."""
    uri = limiter_storage(settings.redis_url)
    timeouts = {
        "socket_timeout": REDIS_TIMEOUT_SECONDS,
        "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
    }
    app.extensions[EXTENSION] = RateLimits(
        storage_from_string(uri, **({} if uri.startswith("memory") else timeouts)),  # type: ignore[arg-type]
        parse(settings.rate_limit_token),
        parse(settings.rate_limit_address),
    )
    app.before_request(count_request)
    app.after_request(tell_standing)


def count_request() -> None:
    """429 for who has used up the window."""
    if not request.path.startswith(API):
        return
    limits: RateLimits = current_app.extensions[EXTENSION]
    now = time.monotonic()
    if now < limits.silent_until:
        return
    try:
        g.rate_limit_state = _state_of(limits)
    except (RedisError, OSError) as error:
        limits.silent_until = now + PAUSE_AFTER_FAILURE_SECONDS
        current_app.logger.warning("no rate limits for a while: %s", error)
        return
    if g.rate_limit_state.exceeded:
        raise TooManyRequests


def _state_of(limits: RateLimits) -> RateLimitState:
    name, key, item = _who(limits)
    seconds, now = item.get_expiry(), time.time()
    window = int(now // seconds)
    used = limits.count(key, item, window)
    return RateLimitState(
        name,
        item.amount,
        max(item.amount - used, 0),
        seconds,
        max(int((window + 1) * seconds - now), 1),
        used > item.amount,
    )


def _who(limits: RateLimits) -> tuple[str, str, RateLimitItem]:
    if current_user.is_authenticated:
        who = getattr(current_user, "token_id", None) or current_user.id
        return "token", f"token/{who}", limits.per_user
    return "address", f"address/{request.remote_addr}", limits.per_address


def tell_standing(response: Response) -> Response:
    """The headers of draft-ietf-httpapi-ratelimit-headers, and the older ones that are read."""
    state: RateLimitState | None = g.get("rate_limit_state")
    if state is None:
        return response
    headers = response.headers
    headers["RateLimit-Policy"] = f'"{state.name}";q={state.limit};w={state.seconds}'
    headers["RateLimit"] = f'"{state.name}";r={state.remaining};t={state.reset_seconds}'
    headers["RateLimit-Limit"] = str(state.limit)
    headers["RateLimit-Remaining"] = str(state.remaining)
    headers["RateLimit-Reset"] = str(state.reset_seconds)
    if state.exceeded:
        headers["Retry-After"] = str(state.reset_seconds)
    return response
