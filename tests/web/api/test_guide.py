"""docs/api.md, run as it is written against a real server."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.api_caller import caller_for
from tests.support.http_server import serving

GUIDE = ROOT / "docs" / "api.md"
#: A few words of jq, for machines that have none.
JQ = """#!/usr/bin/env python3
import json, re, sys
value = json.load(sys.stdin)
for name, index in re.findall(r"\\.(\\w+)|\\[(\\d+)\\]", sys.argv[-1]):
    value = value[name] if name else value[int(index)]
print(value)
"""


@pytest.fixture
def address(own_shop):
    with serving(own_shop.app) as address:
        yield address


def test_the_guide_works_as_written(own_shop, address, tmp_path: Path):
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.S)
    begin, calls = blocks[0], blocks[1:]
    assert "flask token create staff@example.com" in begin
    assert sum(block.count("call ") for block in calls[1:]) == 6
    jq = tmp_path / "jq"
    jq.write_text(JQ)
    jq.chmod(0o755)
    path = os.environ["PATH"] if shutil.which("jq") else f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-euc", "".join(calls)],
        env={
            "PATH": path,
            "STORE": address,
            "TOKEN": caller_for(own_shop.app, own_shop.staff).token,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("Delivered")
