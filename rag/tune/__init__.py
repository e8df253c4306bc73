"""Training the small models, by commands that anyone can run on their own data. Needs the `[tune]` extra.

- `examples.py`: question files → `Example`; `split.py`: which titles are held out
- `items.py`: what the network is shown, a pair of texts with what is known of it
- `negatives.py`, `robust.py`, `claims.py`, `cloze.py`: more items made of the examples and their passages
- `encode.py`: items → token ids and positions; `network.py`: the encoder with three heads
- `train.py`: the loop, its checkpoints (`checkpoint.py`) and its measures (`score.py`)
- `export.py`: weights → the int8 folder that `rag.reading` opens; `reader.py`: all of it, one call
"""
