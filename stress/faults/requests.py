"""Faults of requests: duplicated and reordered."""

import time
from random import Random
from typing import ClassVar

from stress.faults.fault import InjectionResult
from stress.faults.target import Target

COPIES_MAX = 4
SECONDS = 2.0


class DuplicateRequests:
    name: ClassVar[str] = "duplicate-requests"
    blows_max: ClassVar[int] = 1

    def inject(self, target: Target, random: Random) -> InjectionResult:
        target.clients.copies = COPIES_MAX
        try:
            time.sleep(SECONDS)
        finally:
            target.clients.copies = 1
        return InjectionResult(f"each request one to {COPIES_MAX} times")
