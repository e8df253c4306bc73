"""What the stores on database engines share: terms, rows as flat values, sort order, ties, batches."""
