"""Rules of text that need no model.

- `sentences.py`, with `abbreviations.py`: where sentences end
- `lines.py`: lines with their offsets
- `shared_words.py`: SQuAD's normal form, and how much of their words two texts share
- `questions.py`: what a question asks for; `quantities.py`: weights, ages, prices and the like
"""
