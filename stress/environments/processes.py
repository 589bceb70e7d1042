"""The processes of a scratch store, as the system lists them."""

import os
from contextlib import suppress

import psutil

#: Modules that are run, by which processes are told apart.
STORE, WEB, RQ_WORKER, SCHEDULER = (
    "app.runtime",
    "app.runtime.web",
    "jobs.worker",
    "jobs.scheduler",
)


def children(parent: psutil.Process, *words: str) -> list[psutil.Process]:
    """Living ones whose command line has one of these words as an argument of its own."""
    return [
        child
        for child in _children(parent)
        if lives(child) and any(word in _arguments(child) for word in words)
    ]


def lives(process: psutil.Process) -> bool:
    """A zombie does not: whoever started it has merely not yet asked how it ended."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def supervisor_of(host: psutil.Process) -> psutil.Process:
    """Raises psutil.NoSuchProcess while it is being started again."""
    return _only(children(host, STORE), STORE)


def schedulers_of(host: psutil.Process) -> list[psutil.Process]:
    """The supervisor's and those beside it."""
    return [
        *children(host, SCHEDULER),
        *(each for parent in children(host, STORE) for each in children(parent, SCHEDULER)),
    ]


def horses_of(worker: psutil.Process) -> list[psutil.Process]:
    """RQ forks one for each job into a group of its own, and its scheduler into the worker's."""
    found = []
    for child in _children(worker):
        with suppress(OSError):
            if os.getpgid(child.pid) == child.pid and lives(child):
                found.append(child)
    return found


def postmaster_of(host: psutil.Process) -> psutil.Process:
    """Raises psutil.NoSuchProcess while it is being started again."""
    return _only([child for child in _children(host) if _is(child, "postgres")], "postgres")


def backends_of(postmaster: psutil.Process, user: str) -> list[psutil.Process]:
    """Those that serve connections of this user."""
    return [
        child
        for child in _children(postmaster)
        if (title := _arguments(child)) and title[0].startswith(f"postgres: {user} ")
    ]


def server_of(host: psutil.Process, name: str) -> psutil.Process:
    return _only([child for child in _children(host) if _is(child, name)], name)


def _only(found: list[psutil.Process], what: str) -> psutil.Process:
    if not found:
        raise psutil.NoSuchProcess(0, what)
    return found[0]


def _children(parent: psutil.Process) -> list[psutil.Process]:
    try:
        return parent.children()
    except psutil.NoSuchProcess:
        return []


def _is(process: psutil.Process, name: str) -> bool:
    try:
        return process.name().startswith(name) and lives(process)
    except psutil.Error:
        return False


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
