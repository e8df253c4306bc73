"""Question sets: cases, their judgements, files of them, and questions made of documents."""
