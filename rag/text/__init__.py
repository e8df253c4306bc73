"""Rules of text that need no model: sentences, abbreviations, lines."""
