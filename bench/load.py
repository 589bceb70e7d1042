"""Load from processes of their own, which begin together; their results, and what all that cost.

Such a program reads one JSON object from its standard input, gets ready, prints a line, waits for a
line, does its work and prints one JSON object: `times` and `seconds`, `cpu_seconds`, `outcomes`.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.processes import Groups, cpu_seconds, memory_megabytes
from bench.store import ROOT
from bench.table import percentile


@dataclass(frozen=True)
class Result:
    """``times``: seconds of each operation; ``cpu_milliseconds``: by group, for one of them.

    ``web_shares``: of the web's work, by process: connections may lie unevenly.
    """

    times: list[float]
    seconds: float
    outcomes: Mapping[str, int]
    cpu_milliseconds: Mapping[str, float]
    memory_megabytes: Mapping[str, float]
    web_shares: Sequence[float] = field(default=())
    samples: Sequence[str] = field(default=())

    @property
    def rate(self) -> float:
        """Operations a second, of all clients together."""
        return len(self.times) / self.seconds if self.seconds else 0.0

    def milliseconds(self, percent: int) -> float:
        return percentile(self.times, percent) * 1000 if self.times else 0.0

    def figures(self) -> dict[str, Any]:
        return {
            "operations": len(self.times),
            "seconds": round(self.seconds, 2),
            "rate": round(self.rate, 1),
            **{f"p{percent}_ms": round(self.milliseconds(percent), 2) for percent in (50, 95, 99)},
            "outcomes": dict(self.outcomes),
            "web_shares": [round(share, 2) for share in self.web_shares],
            "cpu_ms": {name: round(each, 3) for name, each in self.cpu_milliseconds.items()},
            "memory_mb": {name: round(each, 1) for name, each in self.memory_megabytes.items()},
        }

    def __str__(self) -> str:
        p50, p95, p99 = (self.milliseconds(percent) for percent in (50, 95, 99))
        cpu = "  ".join(f"{name} {each:.2f}" for name, each in self.cpu_milliseconds.items())
        shares = ":".join(f"{share:.0%}" for share in self.web_shares)
        return (
            f"{self.rate:7.1f}/s  p50 {p50:6.1f}  p95 {p95:6.1f}  p99 {p99:6.1f} ms"
            f"  CPU ms: {cpu}{f'  web {shares}' if shares else ''}"
        )


def run(module: str, orders: Sequence[Mapping[str, Any]], groups: Groups) -> Result:
    """One process of ``module`` for each of ``orders``, all begun at once."""
    processes = [_started(module, order) for order in orders]
    try:
        for process in processes:
            _hear_ready(module, process)
        web = {str(each): [each] for each in groups.get("web", ())}
        before, web_before = cpu_seconds(groups), cpu_seconds(web)
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for process in processes]
        after, web_after = cpu_seconds(groups), cpu_seconds(web)
        memory = memory_megabytes(groups)
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    cpu = {name: after[name] - before[name] for name in groups}
    shares = [web_after[each] - web_before[each] for each in web]
    return _together(answers, cpu, memory, shares)


def _started(module: str, order: Mapping[str, Any]) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    return process


def _hear_ready(module: str, process: subprocess.Popen) -> None:
    line = process.stdout.readline()
    if line != "ready\n":
        raise RuntimeError(f"{module} said {line!r} instead of being ready")


def _together(
    answers: Sequence[Mapping[str, Any]],
    cpu: dict[str, float],
    memory: Mapping[str, float],
    web_seconds: Sequence[float],
) -> Result:
    times = [one for answer in answers for one in answer["times"]]
    outcomes = sum((Counter(answer["outcomes"]) for answer in answers), Counter())
    cpu["load"] = sum(answer["cpu_seconds"] for answer in answers)
    return Result(
        times,
        max(answer["seconds"] for answer in answers),
        outcomes,
        {name: 1000 * seconds / max(len(times), 1) for name, seconds in cpu.items()},
        memory,
        [each / sum(web_seconds) for each in web_seconds] if sum(web_seconds) > 0.5 else [],
        [sample for answer in answers for sample in answer.get("samples", ())],
    )
