"""Sources → a store that follows them.

- `files.py`: which files belong: folders, patterns, .gitignore, links
- `pool.py`: parsing in worker processes, with a time limit a file
- `sync.py`: what is new, changed, moved or gone, and the writes that follow from it
- `storing.py`: where documents go once they are cut: this process, or others
- `ray.py`: embedding on a Ray cluster; `elsewhere.py`: the same pipeline in another process
- `watch.py`: again whenever something changes
- `report.py`: what was done, and progress on the way
"""

from .report import Failure, Progress, Report, Watcher

__all__ = ["Failure", "Progress", "Report", "Watcher"]
