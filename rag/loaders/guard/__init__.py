"""The safety of all loaders: limits, archives, XML, and what is hidden in a document."""
