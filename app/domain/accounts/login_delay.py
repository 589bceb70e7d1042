"""The delay after wrong passwords, growing with each."""

from dataclasses import dataclass

MINUTE = 60


@dataclass(frozen=True)
class DelayRule:
    """``free`` wrong attempts cost nothing; each further one doubles the wait, up to a limit.

    ``kept_seconds`` after the last attempt all of them are forgotten.
    """

    free: int
    seconds_max: int
    kept_seconds: int = 15 * MINUTE

    def seconds(self, attempts: int) -> int:
        if attempts <= self.free:
            return 0
        doubled: int = 2 ** min(attempts - self.free - 1, 30)
        return min(doubled, self.seconds_max)


#: One account from one address: after the 4th attempt one second, then two, four, …
ACCOUNT_AT_ADDRESS = DelayRule(free=3, seconds_max=MINUTE)
#: One account from everywhere. Whoever has logged in to it from their address is not held up by
#: it: otherwise a stranger could keep the shop's people out.
ACCOUNT = DelayRule(free=30, seconds_max=15)
#: All accounts from one address, of which a whole shop may have only one.
ADDRESS = DelayRule(free=60, seconds_max=30)

KNOWN_DAYS = 30
