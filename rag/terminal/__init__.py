"""The one way to a terminal: whatever documents, names and errors hold, it cannot command the screen.

- `controls.py`: characters that command a terminal or deceive the eye, found and shown as escapes
- `out.py`: lines, JSON and logs, with those characters shown
- `screen.py`: styled text and tables by rich, with those characters shown

Nothing else in the package writes to standard output or standard error; a test holds it to that. What is
stored keeps its characters and offsets: only what is shown changes.
"""

from __future__ import annotations

from .controls import controls_in, html_safe, json_safe, one_line, shown
from .out import crashed, hear_logs, indented, say, say_json, to_json

__all__ = [
    "controls_in",
    "crashed",
    "hear_logs",
    "html_safe",
    "indented",
    "json_safe",
    "one_line",
    "say",
    "say_json",
    "shown",
    "to_json",
]
