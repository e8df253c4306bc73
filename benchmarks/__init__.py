"""Measurements: each module is a command that writes its result to `results/`. See README.md here."""
