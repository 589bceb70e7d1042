"""Several hosts on one machine: network namespaces with a cable each to a common switch."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

#: Room for hosts 1 to 200 and this machine itself.
HERE = 254
NETWORKS = 250
#: The kernel removes a cable a moment after its end: no other one may have its name until then.
CABLES = itertools.count(1)


@dataclass(frozen=True)
class Host:
    namespace: str
    cable: str
    """The switch's end of it; short, since names of links are."""
    address: str

    def command(self, *words: str) -> list[str]:
        """As it is run on this host; the process is the command's own."""
        return ["ip", "netns", "exec", self.namespace, *words]

    def cut(self) -> None:
        """Pull the cable: what is sent is lost, and nobody is told."""
        _ip("link", "set", self.cable, "down")

    def mend(self) -> None:
        _ip("link", "set", self.cable, "up")


def why_not() -> str | None:
    """Why there can be no hosts here; None where there can."""
    if not sys.platform.startswith("linux"):
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need the program ip (package iproute2)"
    try:
        with hosts(["probe"]):
            return None
    except subprocess.CalledProcessError as error:
        return f"no network namespaces here: {error.stderr.strip()}"


@contextmanager
def hosts(names: Sequence[str]) -> Iterator[dict[str, Host]]:
    """Hosts that reach each other and this machine, and nothing else. All is removed at the end."""
    number = os.getpid()
    network = f"10.213.{number % NETWORKS}"
    switch = f"hf{number}"
    with ExitStack() as stack:
        _ip("link", "add", switch, "type", "bridge")
        stack.callback(_ip, "link", "delete", switch)
        _ip("address", "add", f"{network}.{HERE}/24", "dev", switch)
        _ip("link", "set", switch, "up")
        made = {}
        for index, name in enumerate(names, start=1):
            host = Host(f"{switch}-{name}", f"{switch}-{next(CABLES)}", f"{network}.{index}")
            _ip("netns", "add", host.namespace)
            stack.callback(_ip, "netns", "delete", host.namespace)
            _plug_in(host, switch)
            made[name] = host
        yield made


def _plug_in(host: Host, switch: str) -> None:
    its_end = ("peer", "name", "eth0", "netns", host.namespace)
    _ip("link", "add", host.cable, "type", "veth", *its_end)
    _ip("link", "set", host.cable, "master", switch, "up")
    inside = ("-n", host.namespace)
    _ip(*inside, "address", "add", f"{host.address}/24", "dev", "eth0")
    _ip(*inside, "link", "set", "eth0", "up")
    _ip(*inside, "link", "set", "lo", "up")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
