"""Fitting parts of the pipeline to one's own questions; what is not proven better is discarded.

What all parts have in common:

- `tuning.py`: questions → two sides → part → verdict → adopted or not; `listing.py`: what counts, and undone
- `sides.py`: whole documents held out; `pairs.py`: questions with what answers them and what nearly does
- `doubtful.py`: pairs that look wrong
- `gate.py`: the verdict; `disk.py`: a disk that fills up meanwhile

The retriever, its map in core, the rest by the `[tune]` extra:

- `adapter.py`: the closed form of a map of query vectors; `preference.py`: passages weighed by a model
- `embedder_weights.py`: an embedder as torch weights; `contrastive.py`: how it is trained
- `retriever.py`: all of it, one call

The ranker, learned by the `[tune]` extra and run in core: `ranker.py`.

The generator, by the `[tune]` extra:

- `conversations.py`: questions → prompts of our own form and the turn that should follow
- `causal.py`: the training of a causal model, by the steps of `steps.py`, as `contrastive.py`
- `gguf_export.py`: Hugging Face → GGUF; `gguf_adapter.py`: the same of a LoRA alone
- `generator.py`: all of it, one call

The reader, by the `[tune]` extra:

- `examples.py`: question files → `Example`; `split.py`: which titles are held out
- `items.py`: what the network is shown, a pair of texts with what is known of it
- `negatives.py`, `altered.py`, `robust.py`, `claims.py`, `cloze.py`, `tabular.py`: more items made of the
  examples and their passages; `phrasing.py`, `typing_errors.py`: their questions as others put them;
  `mixture.py`: how many of each an epoch has
- `overlap.py`: whether a passage stands in what is measured on
- `encode.py`: items → token ids and positions; `network.py`: the encoder with three heads; `start.py`: the
  weights of a reader that exists, to go on from
- `train.py`: the loop, its checkpoints (`checkpoint.py`) and its measures (`score.py`)
- `export.py`: weights → the int8 folder that `rag.reading` opens; `judged_reader.py`: its verdict;
  `reader.py`: all of it, one call
"""
