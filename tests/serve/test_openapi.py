"""The description of the API holds: what schemathesis makes of it meets no 5xx and no undocumented answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="runs with make test-serve")

from tests.serve.serving import served

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
# That every value of the schema means something is not promised: a filter, say, has a syntax of its own.
CHECKS = "positive_data_acceptance"


@pytest.mark.skipif(not SCHEMATHESIS.exists(), reason="runs with make test-serve")
def test_no_answer_is_undocumented(copy: Path) -> None:
    with served(copy) as server:
        run = [
            SCHEMATHESIS,
            "run",
            f"{server.url}/openapi.json",
            "--phases=coverage,fuzzing",
            "--max-examples=3",
            "--checks=all",
            f"--exclude-checks={CHECKS}",
            "--continue-on-failure",
            "--suppress-health-check=all",
            "--request-timeout=60",
            "--max-response-time=60",
            "--generation-deterministic",
            "--no-color",
        ]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
        done = subprocess.run(run, cwd=copy, env=clean, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stdout[-8000:]
        assert "23 selected / 23 total" in done.stdout
        assert server.get("/ready").status == 200
