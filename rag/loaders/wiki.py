"""What Obsidian and its kind write into Markdown as metadata: links, `![[embeds]]`, `#tags`, aliases."""

from __future__ import annotations

import re
from typing import Any

_LINK = re.compile(r"(!?)\[\[([^\[\]\n|#^]{1,200})(?:[#^][^\[\]\n|]{0,200})?(?:\|[^\[\]\n]{0,200})?\]\]")
_TAG = re.compile(r"(?<![\w/#&\[(])#([^\W\d_][\w/-]{0,99})")
_CODE = re.compile(r"^(`{3,}+|~{3,}+).*?^\1[`~]*[ \t]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_MOST = 200  # names kept of a document


def wiki_metadata(body: str, matter: dict[str, Any]) -> dict[str, Any]:
    """`links` and `embeds`, what a text points to, and its `tags`, those of the front matter too.

    Tags in the text count only beside wiki links, or where the front matter has tags or aliases: elsewhere
    `#12` and `#name` are something else. Empty for a text without any of it.
    """
    links = _LINK.findall(body) if "[[" in body else []
    if not links and not {"tags", "aliases"} & matter.keys():
        return {}
    plain = _CODE.sub("", body) if "`" in body or "~~~" in body else body
    links = _LINK.findall(plain)
    values = {
        "links": [name.strip() for mark, name in links if not mark],
        "embeds": [name.strip() for mark, name in links if mark],
        "tags": [*_listed(matter.get("tags")), *_TAG.findall(plain)],
        "aliases": _listed(matter.get("aliases")),
    }
    return {name: list(dict.fromkeys(each))[:_MOST] for name, each in values.items() if each}


def _listed(value: Any) -> list[str]:
    if isinstance(value, str):
        return [part.lstrip("#") for part in re.split(r"[,\s]+", value) if part.lstrip("#")]
    return [str(each).lstrip("#") for each in value] if isinstance(value, list | tuple) else []
