"""What an ingest did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Failure(NamedTuple):
    """One thing that could not be ingested, and why, in words a user can act on."""

    source: str
    reason: str


@dataclass(slots=True)
class Report:
    """The outcome by document source. `failed` keeps what was stored before; `skipped` was never wanted.

    `warnings` name stored documents that hide something, what and how much. `moved` pairs old and new
    sources. `seconds` is wall time; `embedded` and `reused` count chunks.
    """

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    skipped: list[Failure] = field(default_factory=list)
    warnings: list[Failure] = field(default_factory=list)
    chunks: int = 0
    embedded: int = 0
    reused: int = 0
    seconds: float = 0.0

    @property
    def changed(self) -> bool:
        """Whether the store differs from before."""
        return bool(self.added or self.updated or self.removed or self.moved)

    @property
    def touched(self) -> int:
        """How many documents the report is about, those that did not change too."""
        changed = len(self.added) + len(self.updated) + len(self.removed) + len(self.moved)
        return changed + len(self.unchanged) + len(self.failed) + len(self.skipped)

    def sort(self) -> None:
        """By source: files are read side by side, and finish in any order."""
        for rows in (self.added, self.updated, self.removed, self.moved, self.unchanged):
            rows.sort()
        self.failed.sort()
        self.skipped.sort()
        self.warnings.sort()

    def to_dict(self) -> dict[str, Any]:
        """JSON values, for `--json`."""
        return {
            "added": self.added,
            "updated": self.updated,
            "removed": self.removed,
            "moved": [{"from": old, "to": new} for old, new in self.moved],
            "unchanged": len(self.unchanged),
            "failed": [row._asdict() for row in self.failed],
            "skipped": [row._asdict() for row in self.skipped],
            "warnings": [row._asdict() for row in self.warnings],
            "chunks": self.chunks,
            "embedded": self.embedded,
            "reused": self.reused,
            "seconds": round(self.seconds, 3),
        }

    def __str__(self) -> str:
        counts = ("added", "updated", "moved", "removed", "unchanged", "skipped", "failed")
        counted = [f"{len(getattr(self, name))} {name}" for name in counts if getattr(self, name)]
        return ", ".join(counted) or "nothing to do"
