"""`python -m app.runtime.processes.watcher PARENT CHILD SIGNAL`: where no PR_SET_PDEATHSIG does it.

Waits beside a child until the parent is gone, then signals the child.
"""

import os
import sys
import time
from contextlib import suppress

INTERVAL_SECONDS = 0.2


def watch(parent: int, child: int, death_signal: int) -> None:
    while os.getppid() == parent:
        time.sleep(INTERVAL_SECONDS)
    with suppress(ProcessLookupError):
        os.kill(child, death_signal)


if __name__ == "__main__":
    watch(*(int(argument) for argument in sys.argv[1:4]))
