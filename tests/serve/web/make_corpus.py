"""Writes what the browser asks about, an index and one evaluation run of it: python -m … FOLDER."""

import json
import subprocess
import sys
from pathlib import Path

from tests.serve.serving import RAG, environment, ingest, write_corpus

folder = Path(sys.argv[1])
write_corpus(folder)
ingest(folder)
right = {"answers": ["thirty minutes"], "relevant": ["docs/guide.md"]}
asked = {"question": "How long does a session last?", **right}
(folder / "sessions.jsonl").write_text(json.dumps(asked) + "\n", "utf-8")
run = [*RAG, "eval", "sessions.jsonl"]
subprocess.run(run, cwd=folder, env=environment(), check=True, capture_output=True)
