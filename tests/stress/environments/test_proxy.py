"""The proxy between the store and PostgreSQL: what it lets through, holds up, and breaks."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from stress.environments.postgres_messages import Messages
from stress.environments.proxy import Proxy, proxy_to
from tests.conftest import Servers
from tests.support.running_store import until


@pytest.fixture
def proxy(servers: Servers) -> Iterator[Proxy]:
    with proxy_to("127.0.0.1", servers.postgres.port) as proxy:
        yield proxy


@pytest.fixture
def url(servers: Servers, proxy: Proxy) -> str:
    behind = servers.postgres.database_url("postgres").replace("+psycopg", "")
    return behind.replace(f":{servers.postgres.port}/", f":{proxy.port}/")


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, connect_timeout=5)


def test_lets_everything_through(url: str):
    with connect(url) as connection:
        assert connection.execute("SELECT repeat('x', 1000000)").fetchone() == ("x" * 1_000_000,)
        assert connection.execute("SELECT length(%s)", ["y" * 300_000]).fetchone() == (300_000,)


def test_a_delay_holds_up_each_thing_that_is_said(proxy: Proxy, url: str):
    with connect(url) as connection:
        proxy.delay_seconds = 0.2
        began = time.monotonic()
        connection.execute("SELECT 1")
        assert time.monotonic() - began >= 0.2
        assert proxy.delayed == 1


def test_a_black_hole_swallows_until_it_is_filled(proxy: Proxy, url: str):
    with connect(url) as connection, ThreadPoolExecutor(1) as pool:
        proxy.open_hole()
        asked = pool.submit(lambda: connection.execute("SELECT 1").fetchone())
        until(lambda: proxy.held, 5, "the statement in the hole")
        assert not asked.done()
        proxy.fill_hole()
        assert asked.result(5) == (1,)


def test_a_black_hole_does_not_say_that_it_is_one(proxy: Proxy, url: str):
    proxy.open_hole()
    with pytest.raises(psycopg.errors.ConnectionTimeout):
        psycopg.connect(url, connect_timeout=2)


def test_cuts_every_line_after_some_bytes(proxy: Proxy, url: str):
    with connect(url) as connection:
        proxy.cut_after_bytes = 1_000
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT repeat('x', 10000)")
    assert proxy.cuts_made == 1
    proxy.cut_after_bytes = None
    with connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_two_cuts_wait_side_by_side(proxy: Proxy, url: str):
    first, second = proxy.arm(b"first"), proxy.arm(b"second", done=True)
    for word, cut in (("second", second), ("first", first)):
        with connect(url) as connection, pytest.raises(psycopg.OperationalError):
            connection.execute(f"SELECT '{word}'")
        assert cut.made.wait(5)


def test_a_server_that_is_away_refuses_and_may_come_back(servers: Servers):
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]
    with proxy_to("127.0.0.1", port) as proxy:
        address = f"host=127.0.0.1 port={proxy.port} user=nobody connect_timeout=5"
        for _ in range(2):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(address)
        proxy.server = ("127.0.0.1", servers.postgres.port)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(address)


def test_leaves_no_thread_behind(servers: Servers):
    before = set(threading.enumerate())
    with proxy_to("127.0.0.1", servers.postgres.port) as proxy:
        lines = [socket.create_connection(("127.0.0.1", proxy.port)) for _ in range(3)]
        proxy.open_hole()
    until(lambda: set(threading.enumerate()) <= before, 5, "the end of its threads")
    for line in lines:
        line.close()


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_messages_come_out_as_they_went_in(size: int):
    start_up = b"\0\0\0\x09\0\3\0\0\0"
    said = [b"\0\0\0\x08\x04\xd2\x16\x2f", start_up, b"Q\0\0\0\x06a\0", b"X\0\0\0\x04"]
    stream, messages = b"".join(said), Messages()
    parts = [stream[index : index + size] for index in range(0, len(stream), size)]
    assert [message for part in parts for message in messages.feed(part)] == said
