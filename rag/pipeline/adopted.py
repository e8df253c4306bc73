"""What `rag tune` adopted for an index: one folder a kind in `tuned/`, and what undoing it goes back to.

    tuned/retriever/           the part that counts: its files, and `card.json`
    tuned/before/retriever-1/  the one before it

A part is put together elsewhere and moved in whole, so that nothing is ever half adopted. A card says what
the part was made for (`embedder`, by its fingerprint), of which questions, and the verdict that let it in.
The settings of a card hold where no other origin sets them. They open models, so they count for the user who
adopted the part, and for nobody else who gets the folder (`rag.trust`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_type_hints

from rag import trust
from rag.config import Resolved, Settings, setting_kinds
from rag.errors import ConfigError, CorruptError, FingerprintError, StoreError
from rag.options import checked

TUNED, CARD, FORMAT = "tuned", "card.json", 1
KINDS = ("retriever", "ranker", "generator", "reader")
HERE = "{folder}"
"""What stands in a card's settings for the folder of the part."""
_BEFORE = "before"


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a part. `data` are the questions, `options` how it was made, `verdict` the gate's."""

    kind: str
    embedder: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    verdict: Mapping[str, Any] = field(default_factory=dict)
    made: str = ""
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Writes `card.json` into the folder."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        (folder / CARD).write_text(text + "\n", "utf-8")

    @classmethod
    def read(cls, folder: Path) -> Card:
        """The card in a folder. Raises CorruptError for one that cannot be used."""
        path = folder / CARD
        try:
            card = cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise CorruptError(f"{path} cannot be used ({error}): `rag tune undo {folder.name}`") from error
        if card.format != FORMAT or card.kind not in KINDS or not isinstance(card.settings, dict):
            raise CorruptError(
                f"{path} has format {card.format!r} and kind {card.kind!r}, expected {FORMAT} and one of "
                f"{', '.join(KINDS)}: `rag tune undo {folder.name}`"
            )
        return card

    def fit(self, embedder: str) -> None:
        """Raises FingerprintError where the part was made for another embedder."""
        if self.embedder and self.embedder != embedder:
            raise FingerprintError(
                f"the tuned {self.kind} was made for the embedder {self.embedder}, and the index has "
                f"{embedder}: tune it again, or go on without it by `rag tune undo {self.kind}`"
            )


def folder_of(home: Path, kind: str) -> Path:
    """Where the adopted part of a kind is, or would be."""
    return home / TUNED / kind


def adopted(home: Path) -> dict[str, Card]:
    """The parts that count, by kind. Raises CorruptError for a card that cannot be used."""
    folders = {kind: folder_of(home, kind) for kind in KINDS}
    return {kind: Card.read(folder) for kind, folder in folders.items() if folder.is_dir()}


def part(home: Path, kind: str, named: str, embedder: str) -> Path | None:
    """The folder of a part that a setting names: empty is the adopted one, if any, `none` is none.

    Raises FingerprintError where it was made for another embedder, CorruptError for a card that cannot be
    used, ConfigError for a folder that holds no part of this kind.
    """
    if named == "none" or (not named and not folder_of(home, kind).is_dir()):
        return None
    folder = Path(named) if named else folder_of(home, kind)
    if named and not (folder / CARD).is_file():
        raise ConfigError(f"{named} holds no tuned {kind}: expected a folder that `rag tune {kind}` wrote")
    card = Card.read(folder)
    if card.kind != kind:
        raise ConfigError(f"{folder} holds a tuned {card.kind}, expected a {kind}")
    card.fit(embedder)
    return folder


def adopt(home: Path, made: Path) -> Path:
    """Takes the part in the folder `made`, which has a card, into the index; returns its place.

    What was adopted before is kept for `undo`. Raises StoreError where the disk does not allow it.
    """
    card = Card.read(made)
    place = folder_of(home, card.kind)
    staged = home / TUNED / f".{card.kind}-{os.getpid()}"
    try:
        staged.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(staged, ignore_errors=True)
        shutil.copytree(made, staged)
        if place.is_dir():
            before = home / TUNED / _BEFORE / f"{card.kind}-{_last(home, card.kind) + 1}"
            before.parent.mkdir(exist_ok=True)
            place.rename(before)
        staged.rename(place)
    except OSError as error:
        shutil.rmtree(staged, ignore_errors=True)
        why = error.strerror or error  # copies of whole folders tell it in words alone
        raise StoreError(f"{place} cannot be written ({why}); nothing was adopted") from error
    _trusted(place, card)
    return place


def undo(home: Path, kind: str) -> Card | None:
    """Takes the adopted part of a kind out again; what counted before it counts again, and is returned.

    Raises ConfigError where nothing of the kind is adopted.
    """
    place = folder_of(home, kind)
    if not place.is_dir():
        raise ConfigError(f"no {kind} is adopted for the index at {home}: `rag tune list` shows what is")
    shutil.rmtree(place)
    number = _last(home, kind)
    if not number:
        return None
    (home / TUNED / _BEFORE / f"{kind}-{number}").rename(place)
    card = Card.read(place)
    _trusted(place, card)
    return card


def with_adopted(config: Resolved, home: Path) -> Resolved:
    """The settings with those of adopted parts, where they are set nowhere else.

    Raises ConfigError for a card that names a setting which cannot be used, or needs trust.
    """
    settings, origins = config.settings, dict(config.origins)
    for kind, card in adopted(home).items():
        place = folder_of(home, kind)
        given = {name: value for name, value in card.settings.items() if origins.get(name) == "default"}
        if given:
            trust.require(place / CARD, dict(card.settings), given)
        for name, value in given.items():
            settings = _set(settings, name, _placed(value, place))
            origins[name] = str(place)
    return replace(config, settings=settings, origins=origins)


def _trusted(place: Path, card: Card) -> None:
    if card.settings:
        trust.trust_own(place / CARD, dict(card.settings))


def _placed(value: Any, place: Path) -> Any:
    return value.replace(HERE, str(place.absolute())) if isinstance(value, str) else value


def _set(settings: Settings, name: str, value: Any) -> Settings:
    section, _, key = name.partition(".")
    part = getattr(settings, section)
    kind = setting_kinds(get_type_hints(Settings)[section])[key]
    return replace(settings, **{section: replace(part, **{key: checked(name, value, kind)})})


def _last(home: Path, kind: str) -> int:
    """The number of the newest part that is kept for `undo`; 0 where there is none."""
    numbers = [path.name.rpartition("-")[2] for path in (home / TUNED / _BEFORE).glob(f"{kind}-*")]
    return max((int(number) for number in numbers if number.isdigit()), default=0)
