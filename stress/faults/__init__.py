"""What may go wrong, each as a small class that makes it go wrong."""

from stress.faults.database import (
    AddColumn,
    HoldLock,
    KillBackend,
    KillPostgres,
    TerminateBackend,
)
from stress.faults.fault import Fault
from stress.faults.lines import (
    BlackHole,
    CutAfterCommit,
    CutBeforeCommit,
    CutEveryFewKilobytes,
    Delay,
)
from stress.faults.processes import KillRqWorker, KillWebMaster, KillWebWorker, StopProcess
from stress.faults.queue import FourSchedulers, KillRedis, TwoSchedulers
from stress.faults.requests import DuplicateRequests

_ALL: tuple[Fault, ...] = (
    KillWebWorker(),
    KillWebMaster(),
    KillRqWorker(),
    KillBackend(),
    KillPostgres(),
    TerminateBackend(),
    CutBeforeCommit(),
    CutAfterCommit(),
    CutEveryFewKilobytes(),
    Delay(),
    BlackHole(),
    KillRedis(),
    TwoSchedulers(),
    FourSchedulers(),
    DuplicateRequests(),
    StopProcess(),
    HoldLock(),
    AddColumn(),
)
FAULTS: dict[str, Fault] = {fault.name: fault for fault in _ALL}
