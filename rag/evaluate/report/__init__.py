"""Runs as HTML, charts and tables."""
