"""`python -m app.runtime.web FD`: one web process on the listening socket it inherits.

The supervisor holds the socket and starts several of these, so each is restarted alone and no
connection is refused meanwhile.
"""

import socket
import sys

import uvicorn

GRACE_SECONDS = 5


def serve(descriptor: int) -> None:
    config = uvicorn.Config(
        "app.asgi:application",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    serve(int(sys.argv[1]))
