"""Door to the `stores` package, so that `rag.stores` names it in a checkout as it does in the wheel."""

from stores import *
from stores import __all__ as __all__
