"""XLSX, XLSB, XLS, ODS → Markdown: a page a sheet, its cells as they are shown."""

from .loader import load

__all__ = ["load"]
