"""Rules of text that need no model.

- `sentences.py`, with `abbreviations.py`: where sentences end
- `lines.py`: lines with their offsets
- `questions.py`: what a question asks for; `quantities.py`: weights, ages, prices and the like
"""
