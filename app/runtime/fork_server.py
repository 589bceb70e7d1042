"""`python -m app.runtime.fork_server CONTROL LISTEN SUPERVISOR`: web processes without a wait.

It loads the application once, opens no connection and starts no thread, and forks a web process
for each byte that it reads from CONTROL. The new process is handed over to the supervisor, as if
that had started it: it is forked twice, and the system gives orphans to the supervisor, who is
their "subreaper" (Linux). So the fork server may die without taking web processes along.
"""

import gc
import os
import signal
import socket
import sys
import time
from typing import Any, NoReturn

from werkzeug.utils import import_string

from app.runtime.processes.command_line import show_command_line
from app.runtime.processes.privileges import die_with_parent
from app.runtime.warm_start import PID, READY
from app.runtime.web import serve

ADOPTION_SECONDS_MAX = 5.0


def main(control: socket.socket, listener: int, supervisor: int) -> None:
    application = import_string("app:create_app")()
    # What is there by now stays shared between all processes: nobody's collector writes to it.
    gc.collect()
    gc.freeze()
    control.sendall(READY)
    while control.recv(1):
        control.sendall(PID.pack(fork_web_process(application, control, listener, supervisor)))


def fork_web_process(
    application: Any, control: socket.socket, listener: int, supervisor: int
) -> int:
    """The new process's id."""
    reader, writer = os.pipe()
    between = os.fork()
    if between == 0:
        child = os.fork()
        if child == 0:
            os.close(reader)
            os.close(writer)
            control.close()
            become_web_process(application, listener, supervisor)
        os.write(writer, PID.pack(child))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        (pid,) = PID.unpack(answer.read(PID.size))
    os.waitpid(between, 0)
    return int(pid)


def become_web_process(application: Any, listener: int, supervisor: int) -> NoReturn:
    status = 1
    try:
        os.setsid()
        wait_for_adoption(supervisor)
        show_command_line([sys.executable, "-m", "app.runtime.web", str(listener)])
        serve(application, listener)
        status = 0
    except SystemExit:
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        # Never back into the loop of the process that this one was forked from.
        os._exit(status)


def wait_for_adoption(supervisor: int) -> None:
    deadline = time.monotonic() + ADOPTION_SECONDS_MAX
    while os.getppid() != supervisor:
        if time.monotonic() > deadline:
            raise RuntimeError("the supervisor is gone")
        time.sleep(0.0005)
    die_with_parent(signal.SIGKILL)
    if os.getppid() != supervisor:
        raise RuntimeError("the supervisor is gone")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control_descriptor, listener_descriptor, supervisor_id = map(int, sys.argv[1:4])
    main(socket.socket(fileno=control_descriptor), listener_descriptor, supervisor_id)
