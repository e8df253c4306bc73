"""Everything behind `rag …`: options in, one call into `rag`, rendered out; one module a family.

Modules with commands have no `from __future__ import annotations`: Typer would evaluate the strings again and
again at every start.
"""
