"""Format codes of sheets and charts: a stored value → what the sheet shows.

The codes are those of Excel and of LibreOffice's English locale (ECMA-376 part 1, 18.8.31). `codes.py` takes
a code apart, `numbers.py` and `moments.py` apply it, `month_names.py` has the names that dates have.
"""

from .codes import BUILT_IN
from .moments import from_serial
from .shown import shown, stored

__all__ = ["BUILT_IN", "from_serial", "shown", "stored"]
