"""Counts and times in Prometheus' text format, without its client."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping

_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)  # seconds
_HELP = {
    "rag_requests_total": "Requests by route and status.",
    "rag_ask_seconds": "Seconds from a question to its answer, waiting included.",
    "rag_answers_total": "Answers, by whether the sources answered.",
    "rag_stage_seconds_total": "Seconds spent in each stage.",
}


class Metrics:
    """What has happened since the server started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: defaultdict[tuple[str, tuple[tuple[str, str], ...]], float] = defaultdict(float)
        self._buckets = [0] * (len(_BUCKETS) + 1)
        self._seconds = 0.0

    def count(self, name: str, by: float = 1, **labels: str) -> None:
        with self._lock:
            self._counts[name, tuple(sorted(labels.items()))] += by

    def asked(self, seconds: float) -> None:
        """Adds one answer to the histogram."""
        with self._lock:
            self._buckets[sum(seconds > bound for bound in _BUCKETS)] += 1
            self._seconds += seconds

    def text(self, gauges: Mapping[str, float]) -> str:
        """The page that Prometheus reads."""
        with self._lock:
            counts, buckets, seconds = dict(self._counts), list(self._buckets), self._seconds
        lines, last = [], ""
        for (name, labels), value in sorted(counts.items()):
            if name != last:
                lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} counter"]
                last = name
            lines.append(f"{name}{_labels(labels)} {value:g}")
        lines += [f"# HELP rag_ask_seconds {_HELP['rag_ask_seconds']}", "# TYPE rag_ask_seconds histogram"]
        total = 0
        for bound, number in zip((*map(str, _BUCKETS), "+Inf"), buckets, strict=True):
            total += number
            lines.append(f'rag_ask_seconds_bucket{{le="{bound}"}} {total}')
        lines += [f"rag_ask_seconds_sum {seconds:g}", f"rag_ask_seconds_count {total}"]
        for name, value in gauges.items():
            lines += [f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    shown = (f'{name}="{_escaped(value)}"' for name, value in labels)
    return "{" + ",".join(shown) + "}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
