"""Markdown: the text is the file's; its front matter is also metadata, its first heading the title. Comments
and hidden elements are blanks."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from rag.loaders.decode import decode
from rag.loaders.first_heading import first_heading
from rag.loaders.guard.limits import Limits
from rag.loaders.metadata import one_line, scalars
from rag.loaders.result import Loaded
from rag.loaders.unrendered import blank_markdown
from rag.loaders.wiki import wiki_metadata
from rag.types import Document

MAX_FRONT_MATTER = 64 * 1024
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FIRST = 1000  # characters in which its first key is looked for
_LONG = re.compile(r"---[ \t]*\n(?:[ \t]*(?:#.*)?\n)*[\w\"'][\w \"'.-]{0,80}:(?:[ \t]|\n)")
_TOO_LONG = (
    f"front matter does not end within {MAX_FRONT_MATTER // 1024} KB: it is body text, and no metadata"
)
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)$")
_TRUTH = re.compile(r"(?:true|True|TRUE|false|False|FALSE|yes|no)$")


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """One document, `text/markdown`. Front matter that is no YAML is a problem, not an error."""
    decoded = decode(data)
    matter, body, problems = front_matter(decoded.text)
    text = decoded.text[:body] + blank_markdown(decoded.text[body:])
    title = matter.get("title")
    return Loaded(
        [
            Document.make(
                text,
                source,
                title=one_line(title) if isinstance(title, str) else first_heading(text[body:]),
                metadata={**decoded.metadata, **matter, **wiki_metadata(text[body:], matter)},
                media_type="text/markdown",
            )
        ],
        problems,
    )


def front_matter(text: str) -> tuple[dict[str, Any], int, list[str]]:
    """The values between two `---` at the top, the offset behind them, and what is wrong with them."""
    match = _FRONT_MATTER.match(text, 0, MAX_FRONT_MATTER) if text.startswith("---") else None
    if not match:
        return {}, 0, [_TOO_LONG] if _LONG.match(text, 0, _FIRST) and len(text) > MAX_FRONT_MATTER else []
    import yaml

    try:
        values = _as_written()(match[1]).get_single_data()
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        return {}, match.end(), [f"front matter is no YAML and was not read: {one_line(str(error))[:200]}"]
    # `---`, a line of prose, `---` is a rule above and below it, not front matter.
    return (scalars(values), match.end(), []) if isinstance(values, dict) else ({}, 0, [])


@cache
def _as_written() -> Any:
    """YAML's safe loader, which leaves alone what a person means as it stands: `007`, `12:30`, `NO`."""
    import yaml

    class AsWritten(yaml.SafeLoader):
        """Whole numbers in plain decimal, and yes and no in small letters or true and false, are values.

        Names are texts: `no`, `2024` and `on` stay what they are.
        """

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            if isinstance(node, yaml.MappingNode):
                self.flatten_mapping(node)
                for name, _ in node.value:
                    if isinstance(name, yaml.ScalarNode):
                        name.tag = "tag:yaml.org,2002:str"
            return super().construct_mapping(node, deep=deep)

    numbers, truth = "tag:yaml.org,2002:int", "tag:yaml.org,2002:bool"
    AsWritten.yaml_implicit_resolvers = {
        sign: [(tag, pattern) for tag, pattern in rules if tag not in (numbers, truth)]
        for sign, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    AsWritten.add_implicit_resolver(numbers, _WHOLE, list("-+0123456789"))
    AsWritten.add_implicit_resolver(truth, _TRUTH, list("tTfFyn"))
    return AsWritten
