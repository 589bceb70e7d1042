"""`python -m app.runtime.web FD`: one web process on the listening socket it inherits.

The supervisor holds the socket and starts several of these, so each is restarted alone and no
connection is refused meanwhile.
"""

import logging
import math
import signal
import socket
import sys
import time
from typing import Any, NoReturn

import waitress
from werkzeug.utils import import_string

from app.runtime.http_channel import HttpChannel
from app.settings import Settings

THREADS = 12
CONNECTIONS_MAX = 2000
#: More than the application takes, so that what is too large is refused in its words.
BODY_BYTES_MAX = 64 * 1024 * 1024
IDLE_SECONDS_MAX = 75
PATIENCE_SECONDS = 0.0005


def serve(application: Any, descriptor: int) -> None:
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue is no fault
    server = waitress.create_server(
        application,
        sockets=[socket.socket(fileno=descriptor)],
        threads=THREADS,
        connection_limit=CONNECTIONS_MAX,
        max_request_body_size=BODY_BYTES_MAX,
        channel_timeout=IDLE_SECONDS_MAX,
        asyncore_use_poll=True,
        ident=None,
        # Without a proxy that is named, nobody is believed about who asks.
        clear_untrusted_proxy_headers=True,
        **proxy_options(Settings.from_environment().trusted_proxy),
    )
    server.channel_class = HttpChannel
    accept_patiently(server)
    server.run()


def proxy_options(trusted_proxy: str | None) -> dict[str, Any]:
    """TLS ends in a proxy, which says who asks."""
    if trusted_proxy is None:
        return {}
    headers = {"x-forwarded-for", "x-forwarded-proto"}
    return {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": headers}


def accept_patiently(server: Any) -> None:
    """The more connections a process has, the longer it lets the others take the next one.

    All of them wake for it. Without this the first one awake takes every connection that a client
    keeps, and one processor does all the work while the other waits.
    """
    accept = server.handle_accept

    def wait_and_accept() -> None:
        time.sleep(PATIENCE_SECONDS * math.log2(1 + len(server.active_channels)))
        accept()

    server.handle_accept = wait_and_accept


def stop(*_: object) -> NoReturn:
    """Requests at work are answered; waitress waits five seconds for them."""
    raise SystemExit


if __name__ == "__main__":
    serve(import_string("app:create_app")(), int(sys.argv[1]))
