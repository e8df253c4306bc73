"""Exact and compressed vector search (FAISS)."""
