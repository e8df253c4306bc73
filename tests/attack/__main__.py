"""The attack: `python -m tests.attack --seed 1 --seconds 900`; status 1 where anything went wrong."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

from . import damages, fuzz, kills


def main() -> int:
    """Half of the time for kills, the rest for damage and fuzz; prints figures and all that went wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=900.0)
    parser.add_argument("--figures", type=Path)
    asked = parser.parse_args()
    figures: Counter[str] = Counter()
    wrong: list[str] = []
    began = time.monotonic()
    until = began + asked.seconds / 2
    number = 0
    while time.monotonic() < until:
        way = kills.WAYS[number % len(kills.WAYS)]  # each in turn, so that a short run has them all
        number += 1
        wrong += kills.history(way, random.Random(f"{asked.seed}-{number}"), until, figures)
    for share, part in ((0.25, damages.damages), (0.125, fuzz.loaders), (0.125, fuzz.chunkers)):
        wrong += part(random.Random(asked.seed), time.monotonic() + asked.seconds * share, figures)
    told = {"seed": asked.seed, "seconds": round(time.monotonic() - began), **figures, "wrong": wrong}
    text = json.dumps(told, indent=2, ensure_ascii=False)
    if asked.figures:
        asked.figures.write_text(text + "\n")
    sys.stdout.write(text + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
