"""Asking, keeping and scoring one question set."""
