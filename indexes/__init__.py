"""Numbers only: arrays in, (scores, positions) out. Knows nothing of documents, texts' ids, or SQL.

- `dense.py`: exact and compressed vector search (FAISS)
- `lexical.py`: BM25 (tantivy, or rank-bm25)
- `analysis.py`: text → index terms: stemming, stop words, CJK bigrams, codes and names
- `fusion.py`: several ranked lists → one

A position is a non-negative 64-bit integer that its owner never reuses. Scores are higher-is-better.
"""
