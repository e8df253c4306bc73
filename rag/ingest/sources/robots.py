"""What a site's robots.txt lets a robot read, as RFC 9309 says: the longest rule that matches decides."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

_MOST_BYTES = 512 * 1024
_LONGEST_DELAY = 30.0


@dataclass(slots=True)
class _Group:
    rules: list[tuple[str, bool]] = field(default_factory=list)  # pattern, whether it allows
    delay: float = 0.0


class Robots:
    """The rules for one robot. Without a group for it, those for `*` hold; without any, all is allowed."""

    def __init__(self, text: str, robot: str) -> None:
        groups: dict[str, _Group] = {}
        current: list[str] = []
        naming = False
        for line in text[:_MOST_BYTES].splitlines():
            key, separator, value = line.partition("#")[0].partition(":")
            key, value = key.strip().lower(), value.strip()
            if not separator:
                continue
            if key == "user-agent":
                current = [*current, value.lower()] if naming else [value.lower()]
                naming = True
                groups.setdefault(value.lower(), _Group())
                continue
            naming = naming and key not in ("allow", "disallow", "crawl-delay")
            for name in current:
                if key in ("allow", "disallow") and value:
                    groups[name].rules.append((_plain(value), key == "allow"))
                elif key == "crawl-delay" and re.fullmatch(r"\d+(\.\d+)?", value):
                    groups[name].delay = min(float(value), _LONGEST_DELAY)
        self._group = groups.get(robot.lower()) or groups.get("*") or _Group()

    @property
    def delay(self) -> float:
        """Seconds that the site asks for between two requests."""
        return self._group.delay

    def allows(self, target: str) -> bool:
        """Whether a path with its query may be read."""
        path = _plain(target)
        matching = [(len(rule), allow) for rule, allow in self._group.rules if _matches(rule, path)]
        return max(matching)[1] if matching else True  # of equal rules the one that allows: True > False


def _plain(path: str) -> str:
    """Percent-encoded alike, however it was written."""
    return quote(unquote(path), safe="/?&=*$;:@!+,~()'%[]")


def _matches(rule: str, path: str) -> bool:
    """Whether a rule matches the path's beginning: `*` is any run of signs, `$` at the end the path's end."""
    ends = rule.endswith("$")
    first, *pieces = rule.rstrip("$").split("*")
    if not path.startswith(first):
        return False
    place = len(first)
    for piece in pieces[:-1] if ends else pieces:
        place = path.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    if not ends:
        return True
    if not pieces:
        return place == len(path)
    return path.endswith(pieces[-1]) and len(path) - len(pieces[-1]) >= place
