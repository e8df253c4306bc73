"""Where documents, chunks and vectors live. A store keeps truth, filters and durability; it does not embed.

- `contract.py`: `VectorStore`, what every store does
- `where.py`: filters: values, the text form, and the reference evaluator every store must match
- `local.py`: one folder: SQLite (the only truth) and derived indexes
"""
