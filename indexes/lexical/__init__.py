"""BM25: the contract of an engine, two engines, and what their files hold."""
