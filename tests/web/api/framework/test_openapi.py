"""The document is true: Schemathesis calls the running server by it and finds nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.api_caller import caller_for
from tests.support.http_server import serving

HOOKS = Path(__file__).with_name("schema_hooks.py")
SECONDS_MAX = 300


@pytest.mark.parametrize(
    ("phases", "examples"),
    [
        ("examples,coverage", 1),
        ("stateful", 20),
        pytest.param("fuzzing", 40, marks=pytest.mark.proof),
        pytest.param("stateful", 100, marks=pytest.mark.proof),
    ],
)
def test_every_operation_keeps_to_the_document(own_shop, tmp_path, phases, examples):
    token = caller_for(own_shop.app, own_shop.admin).token
    with serving(own_shop.app) as address:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "schemathesis.cli",
                "run",
                f"{address}/api/openapi.json",
                f"--header=Authorization: Bearer {token}",
                "--checks=all",
                f"--phases={phases}",
                "--mode=all",
                f"--max-examples={examples}",
                "--workers=2",
                "--generation-deterministic",
                "--continue-on-failure",
                "--no-color",
                "--warnings=off",
            ],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)},
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    if phases == "stateful":
        print(done.stdout)
