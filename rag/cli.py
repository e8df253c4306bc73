"""Door to the `cli` module, so that `rag.cli` names it in a checkout as it does in the wheel."""

from cli import *
from cli import __all__ as __all__
