"""No text of any kind holds up a pattern: each takes time in proportion to the text."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.text.hostile import patterns, slow

CHECKOUT = pytest.mark.skipif(
    not (Path(__file__).parents[2] / "rag").is_dir(), reason="reads the sources beside the tests"
)
SHARES = 8


@CHECKOUT
@pytest.mark.parametrize("share", range(SHARES))
def test_every_pattern_of_the_package_is_linear(share: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.text.hostile", f"{share}/{SHARES}"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    *lines, count = done.stdout.splitlines()
    assert (done.returncode, lines) == (0, []), done.stderr
    assert int(count.split()[0]) > 30


def test_what_is_quadratic_is_found() -> None:
    assert any(slow(re.compile(r"\s*#"), False))
    assert any(slow(re.compile(r"(?:a+)+b"), True))
    assert not any(slow(re.compile(r"(?<!\s)\s*+#"), False))


@CHECKOUT
def test_patterns_are_collected_from_all_three_packages() -> None:
    places = {place.split("/")[0] for place in patterns()}
    assert places == {"rag", "stores", "indexes"}
