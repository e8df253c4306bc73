"""Everything behind `rag …`: options in, one call into `rag`, rendered out; one module a family."""
