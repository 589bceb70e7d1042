"""Faults of the queue: killed, emptied, scheduled twice."""

import time
from contextlib import suppress
from random import Random
from typing import ClassVar

from psutil import NoSuchProcess
from redis import RedisError

from stress.faults.fault import InjectionResult, NoTarget, find
from stress.faults.processes import kill
from stress.faults.target import Target

REDIS_SECONDS = 20.0
#: More than a scheduler's tick.
SCHEDULER_SECONDS = 7.0


class KillRedis:
    """Killed, and empty when it is back."""

    name: ClassVar[str] = "kill-redis"
    blows_max: ClassVar[int] = 1

    def inject(self, target: Target, random: Random) -> InjectionResult:
        try:
            victim = target.redis_process()
        except NoSuchProcess:
            raise NoTarget("Redis") from None
        struck = kill("Redis", victim)
        find(lambda: emptied(target), "another Redis", REDIS_SECONDS)
        return struck


class TwoSchedulers:
    name: ClassVar[str] = "two-schedulers"
    blows_max: ClassVar[int] = 1
    more: ClassVar[int] = 1

    def inject(self, target: Target, random: Random) -> InjectionResult:
        started = [target.start_scheduler() for _ in range(self.more)]
        try:
            time.sleep(SCHEDULER_SECONDS)
            if not all(each.is_running() for each in started):
                raise NoTarget("a scheduler that stays")
            return InjectionResult(f"{len(target.schedulers())} schedulers")
        finally:
            for each in started:
                with suppress(NoSuchProcess):
                    each.terminate()
                    each.wait(10)


class FourSchedulers(TwoSchedulers):
    name: ClassVar[str] = "four-schedulers"
    more: ClassVar[int] = 3


def emptied(target: Target) -> bool:
    with suppress(RedisError):
        return bool(target.redis.flushall())
    return False
