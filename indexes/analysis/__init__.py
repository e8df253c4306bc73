"""Text → index terms: stems, stop words, CJK bigrams, codes and names."""
