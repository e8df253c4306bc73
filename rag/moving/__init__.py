"""From one store into another, and into one file and back, without embedding anything again.

- `copying.py`: the documents of one store, in batches, into another; what is there already is left alone
- `checking.py`: do both hold the same, and find the same?
- `archive.py`: a store as one file with checksums; `reading.py`: such a file back into a store
- `move.py`: the three calls behind `rag move`, `rag export` and `rag import`; `commands.py`: their options
"""

from .move import Moved, export_archive, import_archive, move

__all__ = ["Moved", "export_archive", "import_archive", "move"]
