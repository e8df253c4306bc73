"""Door to the `indexes` package, so that `rag.indexes` names it in a checkout as it does in the wheel."""

from typing import TYPE_CHECKING, Any

import indexes
from indexes import __all__ as __all__

if TYPE_CHECKING:
    from indexes import *


def __getattr__(name: str) -> Any:
    """Passes the question on, so that what is imported lazily stays lazy."""
    return getattr(indexes, name)
