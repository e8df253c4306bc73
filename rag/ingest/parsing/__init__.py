"""Parsing and cutting in processes of their own, under time and memory limits."""
