"""The parts of a pipeline and the line from a question to its answer."""
