"""Document → blocks: headings, paragraphs, lists, tables, code; one module a format."""

from .block import Block, Kind
from .parse import blocks, parser

__all__ = ["Block", "Kind", "blocks", "parser"]
