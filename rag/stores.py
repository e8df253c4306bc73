"""Door to the `stores` package, so that `rag.stores` names it in a checkout as it does in the wheel."""

from typing import TYPE_CHECKING, Any

import stores
from stores import __all__ as __all__

if TYPE_CHECKING:
    from stores import *


def __getattr__(name: str) -> Any:
    """Passes the question on, so that what is imported lazily stays lazy."""
    return getattr(stores, name)
