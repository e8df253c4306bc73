"""The terms of a corpus: mined from its documents, kept in a file that people may edit."""
