"""Door to the `indexes` package, so that `rag.indexes` names it in a checkout as it does in the wheel."""

from indexes import *
from indexes import __all__ as __all__
