"""An index for people and programs: a web page, an HTTP API, an OpenAI-compatible door, and MCP.

It asks `Rag` and renders what comes back; it knows nothing of stages or stores. `app.py` puts it together:

- `limits.py`: every wall, in one table · `tokens.py`, `guard.py`: who may come in, and from where
- `desk.py`: the indexes that are open, and the threads that work on them · `values.py`: answers as JSON
- `common.py`: what every route shares · `answers.py`, `documents.py`: the routes under `/api`
- `uploads.py`: files that come in · `openai.py`: `/v1` · `requests.py`: what routes take
- `pictures.py`, `marks.py`: a PDF page with the quoted characters marked
- `openapi.py`: the description, written from the types · `metrics.py`, `traces.py`: what is going on
- `mcp.py`: tools for agents · `page/`: what the browser gets · `run.py`: the process

Needs `footnote-rag[serve]`; `rag mcp` needs `footnote-rag[mcp]`.
"""
