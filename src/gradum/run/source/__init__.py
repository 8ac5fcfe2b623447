"""The rows of a run, in memory or in blocks."""
