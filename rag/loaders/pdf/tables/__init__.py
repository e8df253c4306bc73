"""Tables of a page: from the rules that are drawn around cells, else from the gaps between words.

- `items.py`: the lines of a page, with its tables in their place
- `ruled.py`: tables whose cells are drawn
- `bare.py`, `levels.py`: tables without rules; names of columns on two levels
- `rows.py`, `strips.py`: lines at one height → rows of cells, also where columns stand close
- `prose.py`: columns of running text
- `table.py`: what a table is
"""

from .bare import goes_on, with_rest
from .items import items_of
from .prose import gutter
from .table import Item, Table

__all__ = ["Item", "Table", "goes_on", "gutter", "items_of", "with_rest"]
