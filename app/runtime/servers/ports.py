"""Finds free ports and opens the listening socket."""

import errno
import socket

from app.runtime.problems import RuntimeProblem

LOOPBACK = "127.0.0.1"
BACKLOG = 2048


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def listen(host: str, port: int) -> socket.socket:
    """The socket that all web processes accept from."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        raise RuntimeProblem(_reason(error, host, port)) from None
    return listener


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken by another program; choose one with PORT=…"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has; choose another with PORT=…"
    return f"cannot listen on HOST={host} PORT={port}: {error.strerror or error}"


def browser_address(host: str, port: int) -> str:
    """What a person on this machine types: a wildcard address is not one."""
    shown = {"0.0.0.0": LOOPBACK, "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"
