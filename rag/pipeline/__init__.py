"""The parts of a pipeline, and the line from a question to its answer.

- `pipeline.py`: question → answer on one screen
- `parts.py`: embedder, store, chunker and stages, made when they are first used
- `adopted.py`: what `rag tune` adopted for an index
- `origin.py`: where the store and the embedder come from
- `registry.py`: stages by name, with the options of their sections
- `conditional.py`: stages that run only where a condition holds; `retry.py`: what is tried before a refusal
- `summary.py`: documents in few of their own sentences; `fields.py`: a JSON schema filled from them
- `instead.py`: a quote in place of a written answer that was withdrawn
- `forget.py`: documents removed without a trace, and the proof of it
"""
