"""PDF, and what only PDF needs.

- `loader.py`: a file → its text, and the words that this is made of
- `chars.py`, `drawn.py`, `lines.py`, `forms.py`: what PDFium says of a page → lines of words
- `scanned.py`: a page without text → lines, by OCR
- `order.py`, `tables/`, `furniture.py`, `headings.py`: what the lines of pages are
- `reflow.py`, `pages.py`: lines → paragraphs and tables, with the place of each word in the text
"""

from .loader import load

__all__ = ["load"]
