"""The terms of a corpus.

- `mine.py`: abbreviations, definitions and lists, found in a text
- `build.py`: the glossary of a store, brought up to date
- `file.py`: the file that people may edit, and what it says in the end
"""
