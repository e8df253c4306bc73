"""A long attack on an index: kills, copies taken meanwhile, damaged files, hostile files and texts.

    python -m tests.attack --seed 1 --seconds 900 --figures attack.json

- `__main__.py`: shares out the time and prints the figures
- `kills.py`: histories with SIGKILLs, and copies taken during ingests
- `damages.py`: derived files and SQLite, damaged; `fuzz.py`: loaders and chunkers
- `child.py`: an ingest that is killed
"""
