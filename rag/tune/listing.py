"""`rag tune list` and `rag tune undo`: what is adopted for an index, and which verdicts were reached."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import ConfigError, StoreError
from rag.evaluate.report.tables import aligned
from rag.evaluate.run import home_beside
from rag.pipeline.adopted import KINDS, TUNED, Card, adopted, undo

from .tuning import VERDICT


@dataclass(frozen=True, slots=True)
class Listing:
    """The cards that count, by kind, and the verdicts reached beside the index, oldest first."""

    cards: dict[str, Card]
    verdicts: tuple[dict[str, Any], ...]

    @property
    def passed(self) -> bool:
        """There is nothing to fail."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        counting = {
            kind: {
                "embedder": card.embedder,
                "settings": dict(card.settings),
                "data": dict(card.data),
                "options": dict(card.options),
                "verdict": dict(card.verdict),
                "made": card.made,
            }
            for kind, card in self.cards.items()
        }
        return {"adopted": counting, "verdicts": list(self.verdicts)}

    def __str__(self) -> str:
        lines = [
            f"{kind} adopted {card.made}: {card.verdict.get('reason', '')}"
            for kind, card in self.cards.items()
        ] or ["nothing is adopted"]
        if self.verdicts:
            rows = [
                (
                    row["made"],
                    row["kind"],
                    ("adopted" if row["adopted"] else "discarded") + (" (trial)" if row["trial"] else ""),
                    row["reason"],
                )
                for row in self.verdicts
            ]
            lines += ["", aligned([("when", "what", "verdict", "why"), *rows])]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken out, and the card of what counts in its place, if anything."""

    kind: str
    now: Card | None

    @property
    def passed(self) -> bool:
        """There is nothing to fail."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"undone": self.kind, "now": self.now and self.now.made}

    def __str__(self) -> str:
        now = f"the one of {self.now.made} counts again" if self.now else "the index is as it came"
        return f"the tuned {self.kind} is gone: {now}"


def listing(index: Path) -> Listing:
    """What is adopted for the index in a folder. Raises CorruptError for a card that cannot be used.

    Raises StoreError where there is neither an index nor a trial.
    """
    verdicts = []
    for path in (home_beside(index) / TUNED).glob(f"*/{VERDICT}"):
        try:
            verdicts.append(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError):
            continue  # a verdict that was cut short tells nothing
    if not verdicts and not index.is_dir():
        raise StoreError(f"there is no index at {index}: run `rag ingest PATH` first")
    return Listing(adopted(index), tuple(sorted(verdicts, key=lambda row: str(row["made"]))))


def undone(index: Path, kind: str) -> Undone:
    """Takes an adopted part out. Raises ConfigError for another kind, and where none is adopted."""
    if kind not in KINDS:
        raise ConfigError(f"there is no part {kind!r}: expected one of {', '.join(KINDS)}")
    return Undone(kind, undo(index, kind))
