"""Sources → a store that follows them.

- `run.py`: one ingest, put together
- `files.py`: which files belong: folders, patterns, .gitignore, links
- `sources/`: where documents come from that lie in no folder of files: the web, Zotero
- `parsing/`: parsing and cutting in worker processes, under limits of time and memory
- `sync.py`: what is new, changed, moved or gone, and the writes that follow from it
- `deadline.py`: a limit of time for what is cut in this process
- `storing.py`: where documents go once they are cut: this process, or others
- `queue/`: work for many processes, with leases; `ray.py`: embedding on a Ray cluster; `remote.py`: the same
  parts opened in another process
- `reembed.py`: another embedder for what is stored; `watch.py`: again whenever something changes
- `report.py`: what was done
"""

from rag.progress import Progress, Watcher

from .report import Failure, Report

__all__ = ["Failure", "Progress", "Report", "Watcher"]
