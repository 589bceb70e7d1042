"""What may go wrong, each as a small class that makes it go wrong."""

from app.stress.faults.database import (
    AddColumn,
    HoldLock,
    KillBackend,
    KillPostgres,
    TerminateBackend,
)
from app.stress.faults.fault import Fault
from app.stress.faults.lines import (
    BlackHole,
    CutAfterCommit,
    CutBeforeCommit,
    CutEveryFewKilobytes,
    Delay,
)
from app.stress.faults.processes import KillRqWorker, KillWebMaster, KillWebWorker, StopProcess
from app.stress.faults.queue import FourSchedulers, KillRedis, TwoSchedulers
from app.stress.faults.requests import DuplicateRequests

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
