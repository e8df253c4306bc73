"""HTML, and what only HTML needs."""

from .concealed import hidden_by_attributes
from .loader import html_to_markdown, load

__all__ = ["hidden_by_attributes", "html_to_markdown", "load"]
