"""What is refused before the application sees it, over real connections to a real server."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest
import waitress

from app.runtime.http_channel import HttpChannel

BODY_BYTES_MAX = 100_000


def application(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok" if body is not None else b""]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = waitress.create_server(
        application, port=0, host="127.0.0.1", max_request_body_size=BODY_BYTES_MAX, ident=None
    )
    server.channel_class = HttpChannel
    threading.Thread(target=server.run, daemon=True).start()
    yield server.effective_port
    server.close()


def ask(port: int, *parts: bytes) -> tuple[int, dict[str, str], bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
            head, _, body = answer.partition(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if b"content-length" in line]
            if lengths and len(body) >= int(lengths[0].split(b":")[1]):
                break
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, body


def post(path: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"POST " + path + b" HTTP/1.1", b"Host: shop", *headers, b"", b""])


@pytest.mark.parametrize(
    "headers",
    [
        (b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: chunked", b"Content-Length: 5"),
        (b"transfer-encoding: chunked", b"CONTENT-LENGTH: 0"),
    ],
)
def test_two_lengths_of_one_body_are_refused(port: int, headers: tuple[bytes, ...]) -> None:
    status, answered, body = ask(port, post(b"/api/items", *headers), b"0\r\n\r\n")
    assert (status, answered["content-type"]) == (400, "application/problem+json")
    assert json.loads(body)["code"] == "bad-request"
    assert answered["connection"] == "close"


def test_either_length_alone_is_taken(port: int) -> None:
    assert ask(port, post(b"/", b"Content-Length: 5"), b"hello")[0] == 200
    chunked = post(b"/", b"Transfer-Encoding: chunked")
    assert ask(port, chunked, b"5\r\nhello\r\n0\r\n\r\n")[0] == 200


@pytest.mark.parametrize("size", [BODY_BYTES_MAX, 30 * BODY_BYTES_MAX, 100 * 1024 * 1024])
def test_a_body_that_is_too_large_is_a_problem_that_its_sender_can_read(
    port: int, size: int
) -> None:
    head = post(b"/api/items", b"Content-Length: %d" % size)
    block = b"x" * 65536
    blocks = [block] * (size // len(block)) + [b"x" * (size % len(block))]
    status, answered, body = ask(port, head, *blocks)
    assert (status, answered["content-type"]) == (413, "application/problem+json")
    problem = json.loads(body)
    assert (problem["code"], problem["status"]) == ("content-too-large", 413)


def test_who_asks_before_sending_is_told_at_once(port: int) -> None:
    head = post(b"/api/items", b"Content-Length: 900000", b"Expect: 100-continue")
    assert ask(port, head)[0] == 413


def test_a_page_gets_plain_words(port: int) -> None:
    head = post(b"/items", b"Content-Length: 900000", b"Expect: 100-continue")
    _, answered, body = ask(port, head)
    assert answered["content-type"].startswith("text/plain")
    assert b"larger than the store takes" in body
    assert b"waitress" not in body.lower()


def test_what_is_no_http_is_refused(port: int) -> None:
    assert ask(port, b"GET / HTTP/1.1\r\nHost shop\r\n\r\n")[0] == 400
