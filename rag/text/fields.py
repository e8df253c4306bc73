"""Names of metadata fields, so that a filter can name what a file calls `Priority Level`."""

from __future__ import annotations

import re

_OTHER = re.compile(r"[^\w.\-]+")


def field_name(name: str) -> str:
    """The name that a field is kept under: `Priority Level` → `Priority_Level`.

    Letters, digits, `_`, `.` and `-` stay, all else becomes `_`; a name that begins with a digit becomes
    `f_1`. `` for a name that holds no letter or digit.
    """
    plain = _OTHER.sub("_", name.strip()).strip("_.-") if not is_field_name(name) else name
    return plain if not plain or is_field_name(plain) else f"f_{plain}"


def is_field_name(name: str) -> bool:
    """Whether a filter can name a field like this: letters, digits, `_ . -`, and a letter or `_` first."""
    return re.fullmatch(r"[^\W\d][\w.\-]*", name) is not None
