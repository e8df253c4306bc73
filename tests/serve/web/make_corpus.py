"""Writes the folder of documents that the browser asks about, with its index: python -m … FOLDER."""

import sys
from pathlib import Path

from tests.serve.serving import ingest, write_corpus

folder = Path(sys.argv[1])
write_corpus(folder)
ingest(folder)
