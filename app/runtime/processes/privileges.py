"""Sets a child's user and ties its life to its parent's."""

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.runtime.problems import RuntimeProblem

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_SET_CHILD_SUBREAPER = 36
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522

LINUX = sys.platform.startswith("linux")
# Loaded before any fork: between fork and exec nothing may be imported or allocated at length.
LIBC = ctypes.CDLL(None, use_errno=True) if LINUX else None


@dataclass(frozen=True)
class Identity:
    """The user of a child. `searches`: keeps the right to pass through folders closed to it."""

    uid: int
    gid: int
    searches: bool = False


def database_identity(data: Path, *needed: Path) -> Identity | None:
    """As whom PostgreSQL runs: it refuses root. None: as ourselves.

    An existing data folder keeps its owner, a new one goes to `nobody`. The way there may lead
    through folders that are closed to this user (a checkout below /root); they stay as they are,
    the database gets the capability to pass through instead.
    """
    if os.geteuid() != 0:
        return None
    owner = _owner(data)
    if _may_pass(data.parent, owner) and all(_reachable(path, owner) for path in needed):
        return Identity(owner.pw_uid, owner.pw_gid)
    if not LINUX:
        raise RuntimeProblem(
            f"PostgreSQL runs as the user {owner.pw_name}, who cannot enter {data.parent}: "
            "start as an ordinary user, or move the checkout to an open folder"
        )
    return Identity(owner.pw_uid, owner.pw_gid, searches=True)


def _owner(data: Path) -> pwd.struct_passwd:
    try:
        if data.exists() and (uid := data.stat().st_uid) != 0:
            return pwd.getpwuid(uid)
        return pwd.getpwnam("nobody")
    except KeyError:
        raise RuntimeProblem(
            "PostgreSQL does not run as root and this machine has no user 'nobody': "
            "start as an ordinary user"
        ) from None


def close_to_others(folder: Path) -> None:
    """Make the folder, and let its owner in alone: 0700.

    As root, the database's user passes through it by its group, 0710, unless a folder above is
    closed to that user anyhow.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    mode, group = 0o700, status.st_gid
    if os.geteuid() == 0:
        owner = _owner(folder / "postgres")
        if _may_pass(folder.parent, owner):
            mode, group = 0o710, owner.pw_gid
    if status.st_uid == os.geteuid() and (status.st_mode & 0o777, status.st_gid) != (mode, group):
        os.chown(folder, -1, group)
        folder.chmod(mode)


def _may_pass(folder: Path, user: pwd.struct_passwd) -> bool:
    real = folder.resolve()
    return all(_open_to(each, user, 0o1) for each in (real, *real.parents))


def _reachable(path: Path, user: pwd.struct_passwd) -> bool:
    real = path.resolve()
    return all(_open_to(folder, user, 0o1) for folder in real.parents) and _open_to(
        real, user, 0o5 if real.is_dir() or os.access(real, os.X_OK) else 0o4
    )


def _open_to(path: Path, user: pwd.struct_passwd, wanted: int) -> bool:
    status = path.stat()
    shift = 6 if status.st_uid == user.pw_uid else 3 if status.st_gid == user.pw_gid else 0
    return (status.st_mode >> shift) & wanted == wanted


def before_exec(identity: Identity | None, death_signal: int) -> Callable[[], None]:
    """What a child does to itself: become the user, then bind its life to the parent's."""
    parent = os.getpid()

    def prepare() -> None:
        if identity is not None:
            _become(identity)
        # Changing the user clears it, so this comes last.
        die_with_parent(death_signal)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return prepare


def die_with_parent(death_signal: int) -> None:
    """From now on this process gets the signal when the thread that started it ends."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)


def adopt_orphans() -> bool:
    """Whether processes below this one, when their parent ends, become its own children."""
    return LIBC is not None and LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def _become(identity: Identity) -> None:
    if identity.searches and LIBC is not None:
        # Capabilities outlive the change of user, and access(2), which initdb asks, honours them.
        LIBC.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(identity.gid)
    os.setuid(identity.uid)
    if identity.searches and LIBC is not None:
        _keep_search_capability()


def _keep_search_capability() -> None:
    """Of all root's capabilities this one. Refused: no start, rather than one with all of them."""
    assert LIBC is not None
    bit = 1 << CAP_DAC_READ_SEARCH
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable; then the same for capabilities from 32 up
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if (
        LIBC.capset(header, sets) != 0
        or LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0) != 0
    ):
        raise PermissionError
