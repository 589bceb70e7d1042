"""Users who wrote a moment ago read from the primary, on every web node.

For as long as the replica may lag, each writer is noted in the Redis server. Without that server
nobody knows who has written, so nobody reads from the replica.
"""

import time
from dataclasses import dataclass
from uuid import UUID

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

REDIS_SECONDS_MAX = 0.25
REST_SECONDS = 5.0


@dataclass
class OwnWrites:
    """``silent_until``: on this process's monotonic clock, while the server is left alone."""

    redis: Redis
    lag_seconds_max: int
    silent_until: float = 0.0

    def note(self, user_id: UUID) -> None:
        """Call after the commit and before the answer is sent."""
        try:
            self.redis.set(_key(user_id), b"", px=self.lag_seconds_max * 1000)
        except RedisError:
            self._rest()

    def may_be_missing(self, user_id: UUID) -> bool:
        """Whether a replica may lack something that this user has written."""
        if time.monotonic() < self.silent_until:
            return True
        try:
            return bool(self.redis.exists(_key(user_id)))
        except RedisError:
            self._rest()
            return True

    def _rest(self) -> None:
        self.silent_until = time.monotonic() + max(REST_SECONDS, self.lag_seconds_max)


def connect(redis_url: str | None) -> Redis:
    return Redis.from_url(
        redis_url or "redis://127.0.0.1:1/0",
        socket_timeout=REDIS_SECONDS_MAX,
        socket_connect_timeout=REDIS_SECONDS_MAX,
        # Asking again would only be slower than the primary is.
        retry=Retry(NoBackoff(), 0),
    )


def _key(user_id: UUID) -> str:
    return f"holdfast-wrote/{user_id}"
