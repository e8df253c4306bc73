"""Language models, whoever asks them: a GGUF file, a Hugging Face model, a server.

- `chat.py`: `ChatModel`, what every one of them does, and the table of kinds
- `open.py`, `kinds.py`: the model that the settings mean, opened once; `catalogue.py`: those with names;
  `download.py`: where a file lies
- `gguf.py` with `gguf_header.py`, `hf.py` with `hf_adapter.py`, `openai.py` with `http.py`: one file a kind;
  `local.py`: what the two that run here share
- `stream.py`: what is no part of the answer is held back; `grammar.py`: markers that cannot be left out;
  `structured.py`: replies as JSON of a given shape
"""
