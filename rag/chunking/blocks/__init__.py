"""Document → blocks, one module a format."""
