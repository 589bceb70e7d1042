"""Which faults strike when, and what of it counts."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations, islice
from random import Random
from typing import ClassVar

import pytest

from stress.environments.probe import Probe
from stress.faults.fault import InjectionResult, NoTarget
from stress.faults.target import Target
from stress.schedule import Schedule, turns


class Fair(BaseHTTPRequestHandler):
    """A store in fair weather: it is ready and takes every write."""

    def do_GET(self) -> None:
        self.answer(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def probe() -> Iterator[Probe]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Fair) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Probe([f"http://127.0.0.1:{server.server_port}"], "token")
        server.shutdown()
        thread.join()


class Gust:
    name: ClassVar[str] = "gust"
    blows_max: ClassVar[int] = 3

    def inject(self, target: Target, random: Random) -> InjectionResult:
        return InjectionResult("a tree")


class Hail(Gust):
    name: ClassVar[str] = "hail"
    blows_max: ClassVar[int] = 1


class Calm(Gust):
    name: ClassVar[str] = "calm"

    def inject(self, target: Target, random: Random) -> InjectionResult:
        raise NoTarget("anything")


FAULTS = (Gust(), Hail(), Calm())


def names(some_turns) -> list[tuple[str, ...]]:
    return [tuple(fault.name for fault in turn) for turn in some_turns]


def test_each_strikes_alone_and_then_each_pair_over_and_over():
    alone = {(fault.name,) for fault in FAULTS}
    pairs = set(combinations([fault.name for fault in FAULTS], 2))
    told = names(islice(turns(FAULTS, Random(1)), 12))
    assert set(told[:3]) == set(told[6:9]) == alone
    assert set(told[3:6]) == set(told[9:]) == pairs


def test_the_seed_says_in_which_order():
    assert names(islice(turns(FAULTS, Random(5)), 30)) == names(
        islice(turns(FAULTS, Random(5)), 30)
    )


def test_in_a_hurry_all_strike_in_pairs_at_once():
    told = names(islice(turns(FAULTS, Random(1), hurried=True), 2))
    assert sorted(name for turn in told for name in turn) == ["calm", "gust", "hail"]


def test_without_faults_there_are_no_turns():
    assert list(turns((), Random(1))) == []


def schedule(probe: Probe, *faults, seconds: float = 3.0) -> Schedule:
    target: Target = None  # type: ignore[assignment]  # these faults lay hands on nothing
    return Schedule(target, probe, faults, seed=1, seconds=seconds)


def test_a_turn_has_as_many_blows_as_the_fault_may_strike(probe: Probe):
    blows = schedule(probe, Gust(), Hail(), seconds=0.5).run()
    first = [blow for blow in blows if set(blow.beside) | {blow.name} == {"gust", "hail"}]
    assert [blow.name for blow in first].count("gust") >= 3
    assert all(blow.seconds_to_serve is not None for blow in blows)
    assert all(blow.struck == "a tree" for blow in blows)


def test_what_finds_nothing_to_strike_is_no_blow(probe: Probe):
    assert schedule(probe, Calm(), seconds=0.3).run() == []


def test_it_ends_when_it_is_told_to(probe: Probe):
    endless = schedule(probe, Gust(), seconds=600)
    running = threading.Thread(target=endless.run)
    running.start()
    endless.stop()
    running.join(5)
    assert not running.is_alive()


def test_a_store_that_does_not_answer_does_not_serve():
    nowhere = Probe(["http://127.0.0.1:1"], "token")
    assert not nowhere.serves()
    assert nowhere.seconds_until_serving(time.time(), lambda: True) is None


def test_one_of_several_that_serves_is_enough(probe: Probe):
    (there,) = probe.addresses
    assert Probe(["http://127.0.0.1:1", there], "token").serves()
